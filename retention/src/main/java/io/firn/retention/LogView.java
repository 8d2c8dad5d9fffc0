package io.firn.retention;

import io.firn.hot.HotLog;
import java.util.List;

/**
 * Everything the decisions of this package look at, for one partition at one moment. Immutable.
 *
 * @param logStartOffset first readable offset over both tiers
 * @param localStartOffset first offset on the local disk
 * @param logEndOffset offset the next record gets
 * @param safeOffset everything below is committed (high watermark and last stable offset) and forced to the local disk; nothing
 *     at or above it is offloaded or deleted by retention
 * @param sealed local sealed segments wholly below {@code safeOffset}, oldest first, contiguous
 * @param localBytes bytes of all local segments, the active one included
 * @param cold the cold tier as published
 */
record LogView(long logStartOffset, long localStartOffset, long logEndOffset, long safeOffset, List<SegmentSpan> sealed, long localBytes,
        ColdView cold) {

    /** Takes the view; on the partition's loop. */
    static LogView of(HotLog hot, ColdView cold, long committedOffset) {
        long safeOffset = Math.min(committedOffset, hot.durableOffset());
        return new LogView(hot.logStartOffset(), hot.localLogStartOffset(), hot.logEndOffset(), safeOffset,
                hot.sealedSegments(safeOffset).stream().map(SegmentSpan::of).filter(s -> s.nextOffset() <= safeOffset).toList(), hot.sizeBytes(), cold);
    }

    /** Bytes over both tiers that a reader can reach; what lies in both is counted once. */
    long totalBytes() {
        long bytes = cold.sizeBytes() + localBytes;
        for (SegmentSpan segment : cold.segments()) {
            if (segment.nextOffset() > logStartOffset) {
                break;
            }
            bytes -= segment.sizeBytes();
        }
        for (SegmentSpan segment : sealed) {
            if (segment.nextOffset() <= cold.endOffset() && !isBelowCold(segment)) {
                bytes -= segment.sizeBytes();
            }
        }
        return bytes;
    }

    /** Whether a local segment lies below all that the cold tier holds: it was begun anew above records it had, and dropped ({@code remote.log.delete.on.disable}). */
    boolean isBelowCold(SegmentSpan segment) {
        return segment.nextOffset() <= cold.startOffset();
    }

    /** Sealed local segments that the cold tier does not wholly hold and that a reader can reach: what is still to be offloaded. */
    List<SegmentSpan> notOffloaded() {
        return sealed.stream().filter(s -> s.nextOffset() > cold.endOffset() && s.nextOffset() > logStartOffset).toList();
    }
}
