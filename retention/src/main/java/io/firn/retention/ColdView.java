package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdStretch;
import java.util.AbstractList;
import java.util.List;

/**
 * The cold tier of a partition as it was last published to its loop: at its opening, and after each change this broker made. Immutable.
 *
 * @param startOffset first offset in the cold tier; {@code endOffset} when it is empty
 * @param endOffset the tier boundary: every record below it, from {@code startOffset} on, is committed in the cold tier and was read back
 * @param sizeBytes log bytes of all segments
 * @param segments oldest first, contiguous. Of a long history only the oldest and the newest ones each by itself, those between many at once; the first is one, unless what tells of the oldest was lost
 */
record ColdView(long startOffset, long endOffset, long sizeBytes, List<SegmentSpan> segments) {

    /** Nothing was ever offloaded, or the cold log is not open yet. */
    static final ColdView NOTHING = new ColdView(0, 0, 0, List.of());

    static ColdView of(ColdLog cold) {
        return new ColdView(cold.startOffset(), cold.endOffset(), cold.sizeBytes(), spans(cold.outline()));
    }

    /** No copy: hundreds of them would stay in memory for each partition. */
    private static List<SegmentSpan> spans(List<ColdStretch> outline) {
        return new AbstractList<>() {
            @Override
            public SegmentSpan get(int index) {
                return SegmentSpan.of(outline.get(index));
            }

            @Override
            public int size() {
                return outline.size();
            }
        };
    }

    boolean isEmpty() {
        return segments.isEmpty();
    }

    /** Whether a whole segment lies below the log start, so that the cold tier may drop it. */
    boolean hasSegmentsBelow(long logStartOffset) {
        return !isEmpty() && segments.get(0).nextOffset() <= logStartOffset;
    }
}
