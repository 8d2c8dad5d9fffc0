package io.firn.retention;

/**
 * Compaction settings of a topic; Kafka's names and meanings.
 *
 * @param minCleanableDirtyRatio {@code min.cleanable.dirty.ratio}: part of the log that has to be dirty before it is compacted, 0 to 1
 * @param minLagMs {@code min.compaction.lag.ms}: a segment with a younger record is not compacted
 * @param maxLagMs {@code max.compaction.lag.ms}: a segment with an older record is compacted, whatever the ratio
 * @param deleteRetentionMs {@code delete.retention.ms}: how long a tombstone stays after everything older of its key is gone
 */
public record CompactionConfig(double minCleanableDirtyRatio, long minLagMs, long maxLagMs, long deleteRetentionMs) {
    public static final CompactionConfig DEFAULT = new CompactionConfig(0.5, 0, Long.MAX_VALUE, 86_400_000);

    public CompactionConfig {
        if (!(minCleanableDirtyRatio >= 0 && minCleanableDirtyRatio <= 1) || minLagMs < 0 || maxLagMs < 1 || deleteRetentionMs < 0) {
            throw new IllegalArgumentException("compaction: dirty ratio " + minCleanableDirtyRatio + ", lags " + minLagMs + " to " + maxLagMs + " ms, tombstones " + deleteRetentionMs + " ms");
        }
    }
}
