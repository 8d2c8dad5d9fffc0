package io.firn.retention;

import io.firn.cold.ColdSegment;
import java.util.List;
import java.util.Optional;

/**
 * Whether the cold tier of a partition is worth a pass of compaction now, and over what. Pure: the same segments, settings and time give the same answer.
 *
 * <p>As Apache Kafka decides for a local log: when more than {@code min.cleanable.dirty.ratio} of it is dirty, or something in it has waited for {@code max.compaction.lag.ms}. A pass reads all of the log and may write all of it
 * again, so with a ratio r each byte offloaded costs at most 1/r bytes read and written later.
 */
final class ColdCompactionPolicy {

    private ColdCompactionPolicy() {}

    /**
     * A pass.
     *
     * @param segments from the first one that a reader can reach, to the end
     * @param endOffset end of the last segment that may be indexed
     */
    record Due(List<ColdSegment> segments, long endOffset) {}

    /**
     * @param segments committed, oldest first
     * @param cleanOffset how far earlier passes have come
     */
    static Optional<Due> of(List<ColdSegment> segments, long cleanOffset, long logStartOffset, CompactionConfig config, long nowMs) {
        List<ColdSegment> reachable = segments.stream().filter(segment -> segment.nextOffset() > logStartOffset).toList();
        long cleanBytes = 0;
        long dirtyBytes = 0;
        long endOffset = cleanOffset;
        long oldestDirtyMs = Long.MAX_VALUE;
        long newestBeforeMs = -1;
        for (ColdSegment segment : reachable) {
            if (segment.nextOffset() <= cleanOffset) {
                cleanBytes += segment.logSizeBytes();
            } else if (config.minLagMs() > 0 && SegmentSpan.of(segment).newestMs() > nowMs - config.minLagMs()) {
                break;
            } else {
                dirtyBytes += segment.logSizeBytes();
                endOffset = segment.nextOffset();
                oldestDirtyMs = Math.min(oldestDirtyMs, newestBeforeMs >= 0 ? newestBeforeMs : SegmentSpan.of(segment).newestMs());
            }
            newestBeforeMs = SegmentSpan.of(segment).newestMs();
        }
        boolean worth = dirtyBytes > 0 && (double) dirtyBytes / (dirtyBytes + cleanBytes) > config.minCleanableDirtyRatio();
        boolean overdue = dirtyBytes > 0 && nowMs - oldestDirtyMs > config.maxLagMs();
        return worth || overdue ? Optional.of(new Due(reachable, endOffset)) : Optional.empty();
    }
}
