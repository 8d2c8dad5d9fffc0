package io.firn.retention;

import java.util.stream.Stream;

/**
 * What total and local retention delete. Pure: the same view, configuration and time give the same answer.
 *
 * <p>Invariants of every answer: it is never lower than the present value, it lies on the end of a segment, it is at most
 * {@link LogView#safeOffset()}, and for a topic that is offloaded at most the tier boundary. So no record leaves the local
 * disk before its commit in the cold tier was read back, however long the bucket is away. The active segment never goes.
 */
final class RetentionPolicy {

    private RetentionPolicy() {}

    /** Whether segments of this topic go to the cold tier. */
    static boolean offloads(TieredLogConfig config) {
        return usesCold(config) && !config.copyDisabled();
    }

    /** Whether this topic may have segments in the cold tier that count. */
    static boolean usesCold(TieredLogConfig config) {
        return config.tiered();
    }

    /** Whether what an earlier life of this topic left in the cold tier is to go: tiering was switched off with {@code remote.log.delete.on.disable}. */
    static boolean dropsCold(TieredLogConfig config) {
        return !config.tiered() && config.deleteOnDisable();
    }

    /** The log start that {@code retention.ms} and {@code retention.bytes} ask for, over both tiers, whole segments. Where the cold tier is to go, the log starts on the local disk. */
    static long logStartTarget(LogView view, TieredLogConfig config, long nowMs) {
        long least = dropsCold(config) ? Math.max(view.logStartOffset(), view.localStartOffset()) : view.logStartOffset();
        return config.deleteByRetention() ? Math.max(least, expired(view, config, nowMs)) : least;
    }

    private static long expired(LogView view, TieredLogConfig config, long nowMs) {
        return advance(view.logStartOffset(), oldestFirst(view), deletableEnd(view, config), config.retentionMs(),
                excess(view.totalBytes(), config.retentionBytes()), 0, nowMs);
    }

    /**
     * The first offset that shall stay on the local disk.
     *
     * @param wantedBytes what the disk watermark needs: segments of this size go even before their local retention is over
     */
    static long localStartTarget(LogView view, TieredLogConfig config, long wantedBytes, long nowMs) {
        if (!offloads(config)) {
            return view.localStartOffset();
        }
        if (view.cold().startOffset() > Math.max(view.localStartOffset(), view.logStartOffset())) {
            return view.localStartOffset(); // the cold tier was emptied and begun anew above records that only the local disk has; total retention ends them
        }
        return advance(view.localStartOffset(), view.sealed(), deletableEnd(view, config), config.effectiveLocalRetentionMs(),
                excess(view.localBytes(), config.effectiveLocalRetentionBytes()), wantedBytes, nowMs);
    }

    /** Whether local segments would go if the cold tier had all that is safe: a follower then has to look how far it has got. */
    static boolean waitsForBoundary(LogView view, TieredLogConfig config, long wantedBytes, long nowMs) {
        return offloads(config) && advance(view.localStartOffset(), view.sealed(), view.safeOffset(), config.effectiveLocalRetentionMs(),
                excess(view.localBytes(), config.effectiveLocalRetentionBytes()), wantedBytes, nowMs) > Math.max(view.localStartOffset(), view.cold().endOffset());
    }

    /** Bytes of the local segments from the local start up to {@code target}. */
    static long localBytesBelow(LogView view, long target) {
        return view.sealed().stream().filter(s -> s.nextOffset() <= target).mapToLong(SegmentSpan::sizeBytes).sum();
    }

    private static long deletableEnd(LogView view, TieredLogConfig config) {
        return offloads(config) ? Math.min(view.safeOffset(), view.cold().endOffset()) : view.safeOffset();
    }

    private static long excess(long sizeBytes, long allowedBytes) {
        return allowedBytes < 0 ? Long.MIN_VALUE : sizeBytes - allowedBytes;
    }

    private static long advance(long from, Iterable<SegmentSpan> segments, long end, long retentionMs, long excessBytes, long wantedBytes, long nowMs) {
        long target = from;
        long excess = excessBytes;
        long wanted = wantedBytes;
        for (SegmentSpan segment : segments) {
            if (segment.nextOffset() <= from) {
                continue;
            }
            boolean goes = segment.expired(retentionMs, nowMs) || excess >= segment.sizeBytes() || wanted > 0;
            if (segment.nextOffset() > end || !goes) {
                break;
            }
            target = segment.nextOffset();
            excess = excess == Long.MIN_VALUE ? excess : excess - segment.sizeBytes();
            wanted -= segment.sizeBytes();
        }
        return target;
    }

    /** Lazily: nearly always the first one or two decide, however long the cold history is. */
    private static Iterable<SegmentSpan> oldestFirst(LogView view) {
        Stream<SegmentSpan> below = view.sealed().stream().filter(view::isBelowCold);
        Stream<SegmentSpan> above = view.sealed().stream().filter(s -> s.nextOffset() > view.cold().endOffset() && !view.isBelowCold(s));
        return Stream.concat(below, Stream.concat(view.cold().segments().stream(), above))::iterator;
    }
}
