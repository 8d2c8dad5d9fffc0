package io.firn.cold;

/**
 * One committed segment of the cold tier, as the manifest names it.
 *
 * @param baseOffset first offset of its range: that of the first record, unless compaction has removed it
 * @param nextOffset end of its range: the base offset of the next segment; after the last record, unless compaction has removed that
 * @param leaderEpoch epoch of the leader that offloaded it
 * @param logSizeBytes bytes of record batches
 * @param objectSizeBytes bytes of the whole object
 * @param maxTimestampMs largest record timestamp, Unix milliseconds; -1 if none
 * @param offloadedAtMs writer's clock at the commit; of a compacted segment, when the newest of those it stands for was first offloaded
 * @param key object key
 */
public record ColdSegment(long baseOffset, long nextOffset, int leaderEpoch, long logSizeBytes, long objectSizeBytes, long maxTimestampMs,
        long offloadedAtMs, String key) {

    /** As {@link ColdStretch#newestMs}. */
    public long newestMs() {
        return maxTimestampMs >= 0 ? maxTimestampMs : Math.max(0, offloadedAtMs);
    }
}
