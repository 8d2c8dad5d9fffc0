package io.firn.retention;

import io.firn.cold.ColdSegment;
import java.util.List;

/**
 * Which successive small segments of the cold tier become one object. Pure: the same segments, settings and time give the same answer.
 *
 * <p>A slow topic's segments are sealed by age, not size: a thousand objects where one would do, each with its requests, its line in a manifest, its deletion. A run of them is put together when there are at least {@value #LEAST_SEGMENTS}, all of it
 * fits into {@code targetBytes}, and it is at least {@value #GROWTH} times as large as the largest of them. So each byte is written again at most once for each factor of {@value #GROWTH} between its first segment and the target; and what has reached half of the
 * target is left alone.
 *
 * <p>Retention deletes whole segments, and a merged one stays until its newest record may go. So a run spans at most a tenth of {@code retention.ms}, and has at most a tenth of {@code retention.bytes}; and what is to expire within a tenth is not worth it.
 */
final class ColdMergePolicy {

    static final int LEAST_SEGMENTS = 8;
    static final int GROWTH = 4;
    private static final int PART = 10;

    private ColdMergePolicy() {}

    /**
     * How far merging may go.
     *
     * @param targetBytes most log bytes of a merged segment
     * @param retentionMs {@code retention.ms}; -1 keeps for ever
     * @param retentionBytes {@code retention.bytes}; -1 is no limit
     */
    record Limits(long targetBytes, long retentionMs, long retentionBytes) {

        static Limits of(TieredLogConfig config, long targetBytes) {
            return new Limits(targetBytes, config.deleteByRetention() ? config.retentionMs() : -1, config.deleteByRetention() ? config.retentionBytes() : -1);
        }

        long mostBytes() {
            return retentionBytes < 0 ? targetBytes : Math.min(targetBytes, retentionBytes / PART);
        }

        long mostSpanMs() {
            return retentionMs < 0 ? Long.MAX_VALUE : retentionMs / PART;
        }

        boolean mayMerge(ColdSegment segment, long nowMs) {
            return segment.logSizeBytes() < mostBytes() / 2 && (retentionMs < 0 || nowMs - segment.newestMs() <= retentionMs - retentionMs / PART);
        }
    }

    /**
     * The answer.
     *
     * @param run what is to become one; empty if nothing is
     * @param settledOffset what ends at or below it need not be looked at again, whatever is offloaded later
     */
    record Found(List<ColdSegment> run, long settledOffset) {}

    /** @param segments follow each other, at least one; of a log that goes on, the last ones may be part of a later run */
    static Found of(List<ColdSegment> segments, Limits limits, long nowMs) {
        long settledOffset = segments.get(segments.size() - 1).nextOffset();
        for (int from = segments.size() - 1; from >= 0 && fits(segments, from, segments.size(), limits, nowMs); from--) {
            settledOffset = segments.get(from).baseOffset();
        }
        for (int from = 0; from + LEAST_SEGMENTS <= segments.size(); from++) {
            int to = end(segments, from, limits, nowMs);
            if (to - from >= LEAST_SEGMENTS && grows(segments.subList(from, to))) {
                return new Found(List.copyOf(segments.subList(from, to)), segments.get(from).baseOffset());
            }
        }
        return new Found(List.of(), settledOffset);
    }

    private static boolean grows(List<ColdSegment> run) {
        return run.stream().mapToLong(ColdSegment::logSizeBytes).max().orElse(0) * GROWTH <= run.stream().mapToLong(ColdSegment::logSizeBytes).sum();
    }

    private static boolean fits(List<ColdSegment> segments, int from, int to, Limits limits, long nowMs) {
        return end(segments, from, limits, nowMs) == to;
    }

    /** End of the longest run that begins at {@code from}. */
    private static int end(List<ColdSegment> segments, int from, Limits limits, long nowMs) {
        long bytes = 0;
        long oldestMs = Long.MAX_VALUE;
        long newestMs = 0;
        int to = from;
        for (; to < segments.size() && to - from < CompactionGroups.MOST_SEGMENTS; to++) {
            ColdSegment next = segments.get(to);
            bytes += next.logSizeBytes();
            oldestMs = Math.min(oldestMs, next.newestMs());
            newestMs = Math.max(newestMs, next.newestMs());
            boolean joins = limits.mayMerge(next, nowMs) && bytes <= limits.mostBytes() && newestMs - oldestMs <= limits.mostSpanMs()
                    && next.nextOffset() - segments.get(from).baseOffset() <= Integer.MAX_VALUE;
            if (!joins) {
                break;
            }
        }
        return to;
    }
}
