package io.firn.cold;

/**
 * One committed segment of the cold tier, as the manifest names it.
 *
 * @param baseOffset offset of the first record
 * @param nextOffset offset after the last record
 * @param leaderEpoch epoch of the leader that offloaded it
 * @param logSizeBytes bytes of record batches
 * @param objectSizeBytes bytes of the whole object
 * @param maxTimestampMs largest record timestamp, Unix milliseconds; -1 if none
 * @param offloadedAtMs writer's clock at the commit
 * @param key object key
 */
public record ColdSegment(long baseOffset, long nextOffset, int leaderEpoch, long logSizeBytes, long objectSizeBytes, long maxTimestampMs,
        long offloadedAtMs, String key) {}
