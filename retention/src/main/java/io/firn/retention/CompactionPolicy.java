package io.firn.retention;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Whether the local log of a partition is worth a compaction now, over what, and in which groups of segments. Pure: the same view, settings and time give the same answer.
 *
 * <p>As Apache Kafka's cleaner decides: cleanable are sealed segments, committed and stable ({@link LogView#safeOffset}), up to the first dirty one with a record younger than
 * {@code min.compaction.lag.ms}. The log is due when more than {@code min.cleanable.dirty.ratio} of what is clean or cleanable is dirty, or when the oldest dirty record is older than
 * {@code max.compaction.lag.ms}. A pass reads all of that and may write all of it again, so with a ratio r each byte costs at most 1/r bytes read and written later.
 */
final class CompactionPolicy {

    private CompactionPolicy() {}

    /**
     * What could be compacted.
     *
     * @param firstDirtyOffset records below it were in the index of an earlier pass
     * @param endOffset end of the last cleanable segment
     * @param cleanBytes of segments wholly below the first dirty offset
     * @param dirtyBytes of the others
     */
    record Cleanable(long firstDirtyOffset, long endOffset, long cleanBytes, long dirtyBytes) {

        double dirtyRatio() {
            return dirtyBytes == 0 ? 0 : (double) dirtyBytes / (dirtyBytes + cleanBytes);
        }
    }

    /** @param cleanTo how far earlier passes have come: where it points outside of the log, the log is taken to be dirty */
    static Cleanable cleanable(LogView view, long cleanTo, CompactionConfig config, long nowMs) {
        long firstDirty = cleanTo > view.logEndOffset() ? view.localStartOffset() : Math.max(cleanTo, view.localStartOffset());
        long clean = 0;
        long dirty = 0;
        long end = firstDirty;
        for (SegmentSpan segment : view.sealed()) {
            if (segment.nextOffset() <= firstDirty) {
                clean += segment.sizeBytes();
            } else if (config.minLagMs() > 0 && segment.newestMs() > nowMs - config.minLagMs()) {
                break;
            } else {
                dirty += segment.sizeBytes();
                end = segment.nextOffset();
            }
        }
        return new Cleanable(firstDirty, end, clean, dirty);
    }

    /** @param oldestDirtyMs time of the oldest dirty record, where it matters and is known */
    static boolean isDue(Cleanable cleanable, OptionalLong oldestDirtyMs, CompactionConfig config, long nowMs) {
        boolean overdue = oldestDirtyMs.isPresent() && nowMs - oldestDirtyMs.getAsLong() > config.maxLagMs();
        return cleanable.dirtyBytes() > 0 && (cleanable.dirtyRatio() > config.minCleanableDirtyRatio() || overdue);
    }

    /**
     * Which successive segments are written as one: as many as fit into {@code segment.bytes} as they are now. A group never crosses the tier boundary: what lies below it is in the cold
     * tier segment by segment, what lies above will be.
     *
     * @param segments follow each other
     * @param boundary the tier boundary
     */
    static List<List<SegmentSpan>> groups(List<SegmentSpan> segments, long segmentBytes, long boundary) {
        List<List<SegmentSpan>> groups = new ArrayList<>();
        List<SegmentSpan> group = new ArrayList<>();
        long bytes = 0;
        for (SegmentSpan segment : segments) {
            boolean fits = group.isEmpty() || bytes + segment.sizeBytes() <= segmentBytes && segment.nextOffset() - 1 - group.get(0).baseOffset() <= Integer.MAX_VALUE
                    && segment.baseOffset() != boundary;
            if (!fits) {
                groups.add(List.copyOf(group));
                group.clear();
                bytes = 0;
            }
            group.add(segment);
            bytes += segment.sizeBytes();
        }
        if (!group.isEmpty()) {
            groups.add(List.copyOf(group));
        }
        return groups;
    }
}
