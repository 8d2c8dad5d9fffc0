package io.firn.retention;

import io.firn.cold.ColdSegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Which successive segments of the cold tier become one when they are compacted. Pure.
 *
 * <p>Segments are put together as long as all of them, as they are now, fit into {@code segment.bytes}; so a group never needs more room on the disk than that, unless a single segment is larger. One that has
 * reached half of {@code segment.bytes} stays by itself: it would be written again for the sake of its small neighbours over and over, though nothing in it has changed.
 */
final class CompactionGroups {

    /** So that one manifest can list what is to be deleted then. */
    static final int MOST_SEGMENTS = 1_000;

    private CompactionGroups() {}

    /**
     * Takes the next group; empty when nothing is left.
     *
     * @param segments follow each other
     */
    static List<ColdSegment> next(ColdSegments segments, long segmentBytes) {
        List<ColdSegment> group = new ArrayList<>();
        long bytes = 0;
        while (segments.peek().isPresent() && (group.isEmpty() || joins(group, bytes, segments.peek().get(), segmentBytes))) {
            ColdSegment segment = segments.next();
            group.add(segment);
            bytes += segment.logSizeBytes();
        }
        return group;
    }

    private static boolean joins(List<ColdSegment> group, long groupBytes, ColdSegment next, long segmentBytes) {
        boolean fits = group.size() < MOST_SEGMENTS && groupBytes + next.logSizeBytes() <= segmentBytes && next.nextOffset() - group.get(0).baseOffset() <= Integer.MAX_VALUE;
        return fits && small(next, segmentBytes) && (group.size() > 1 || small(group.get(0), segmentBytes));
    }

    private static boolean small(ColdSegment segment, long segmentBytes) {
        return segment.logSizeBytes() < segmentBytes / 2;
    }
}
