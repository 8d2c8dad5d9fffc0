package io.firn.retention;

import io.firn.cold.ColdStretch;
import java.util.List;

/**
 * Whether the cold tier of a partition is worth a pass of compaction now, and over what. Pure: the same segments, settings and time give the same answer.
 *
 * <p>As Apache Kafka decides for a local log: when more than {@code min.cleanable.dirty.ratio} of it is dirty, or something in it has waited for {@code max.compaction.lag.ms}. A pass reads all of the log and may write all of it
 * again, so with a ratio r each byte offloaded costs at most 1/r bytes read and written later.
 */
final class ColdCompactionPolicy {

    private ColdCompactionPolicy() {}

    /** What is to be done. */
    sealed interface Verdict {}

    /** Nothing yet. */
    record NotDue() implements Verdict {}

    /**
     * A pass.
     *
     * @param fromOffset base of the first segment that a reader can reach
     * @param endOffset end of the last segment that may be indexed
     */
    record Due(long fromOffset, long endOffset) implements Verdict {}

    /** It depends on what this page holds: ask again with its parts in its place. There are at most three such, times the levels of pages. */
    record Unclear(ColdStretch page) implements Verdict {}

    /**
     * @param log committed, oldest first
     * @param cleanOffset how far earlier passes have come
     */
    static Verdict of(List<ColdStretch> log, long cleanOffset, long logStartOffset, CompactionConfig config, long nowMs) {
        long fromOffset = -1;
        long cleanBytes = 0;
        long dirtyBytes = 0;
        long endOffset = cleanOffset;
        long oldestDirtyMs = Long.MAX_VALUE;
        long newestBeforeMs = -1;
        for (ColdStretch stretch : log) {
            if (stretch.nextOffset() <= logStartOffset) {
                continue;
            }
            if (stretch.isPage() && (holdsBorder(stretch, logStartOffset) || holdsBorder(stretch, cleanOffset))) {
                return new Unclear(stretch);
            }
            fromOffset = fromOffset < 0 ? stretch.baseOffset() : fromOffset;
            if (stretch.nextOffset() <= cleanOffset) {
                cleanBytes += stretch.logSizeBytes();
            } else if (config.minLagMs() > 0 && stretch.newestMs() > nowMs - config.minLagMs()) {
                if (stretch.isPage()) {
                    return new Unclear(stretch);
                }
                break;
            } else {
                dirtyBytes += stretch.logSizeBytes();
                endOffset = stretch.nextOffset();
                oldestDirtyMs = Math.min(oldestDirtyMs, newestBeforeMs >= 0 ? newestBeforeMs : stretch.newestMs());
            }
            newestBeforeMs = stretch.newestMs();
        }
        boolean worth = dirtyBytes > 0 && (double) dirtyBytes / (dirtyBytes + cleanBytes) > config.minCleanableDirtyRatio();
        boolean overdue = dirtyBytes > 0 && nowMs - oldestDirtyMs > config.maxLagMs();
        return worth || overdue ? new Due(fromOffset, endOffset) : new NotDue();
    }

    private static boolean holdsBorder(ColdStretch page, long offset) {
        return page.baseOffset() < offset && offset < page.nextOffset();
    }
}
