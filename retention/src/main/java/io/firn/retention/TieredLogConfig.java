package io.firn.retention;

import io.firn.hot.HotLogConfig;

/**
 * Retention settings of a topic; Kafka's names and meanings.
 *
 * @param hot settings of the local segments
 * @param tiered {@code remote.storage.enable}
 * @param deleteByRetention {@code cleanup.policy} contains {@code delete}
 * @param retentionMs {@code retention.ms}; -1 keeps for ever
 * @param retentionBytes {@code retention.bytes}; -1 is no limit
 * @param localRetentionMs {@code local.retention.ms}; -2 takes {@code retentionMs}, -1 keeps for ever
 * @param localRetentionBytes {@code local.retention.bytes}; -2 takes {@code retentionBytes}, -1 is no limit
 * @param copyDisabled {@code remote.log.copy.disable}: nothing more is offloaded; what is in the cold tier stays readable, and local retention is the total one
 * @param deleteOnDisable {@code remote.log.delete.on.disable}: without {@code tiered}, what is in the cold tier is deleted
 * @param compaction what compaction goes by, where {@code cleanup.policy} contains {@code compact}
 */
public record TieredLogConfig(HotLogConfig hot, boolean tiered, boolean deleteByRetention, long retentionMs, long retentionBytes,
        long localRetentionMs, long localRetentionBytes, boolean copyDisabled, boolean deleteOnDisable, CompactionConfig compaction) {

    /** Shortest time after which a slow topic's active segment is sealed on behalf of {@code retention.ms}. */
    static final long MIN_SEAL_MS = 60_000;

    public TieredLogConfig {
        if (retentionMs < -1 || retentionBytes < -1 || localRetentionMs < -2 || localRetentionBytes < -2) {
            throw new IllegalArgumentException("retention below its lower bound: retention.ms=" + retentionMs + " retention.bytes=" + retentionBytes
                    + " local.retention.ms=" + localRetentionMs + " local.retention.bytes=" + localRetentionBytes);
        }
    }

    /** Offloading, and keeping what was offloaded; compaction by its defaults. */
    public TieredLogConfig(HotLogConfig hot, boolean tiered, boolean deleteByRetention, long retentionMs, long retentionBytes, long localRetentionMs, long localRetentionBytes) {
        this(hot, tiered, deleteByRetention, retentionMs, retentionBytes, localRetentionMs, localRetentionBytes, CompactionConfig.DEFAULT);
    }

    /** Offloading, and keeping what was offloaded. */
    public TieredLogConfig(HotLogConfig hot, boolean tiered, boolean deleteByRetention, long retentionMs, long retentionBytes, long localRetentionMs, long localRetentionBytes,
            CompactionConfig compaction) {
        this(hot, tiered, deleteByRetention, retentionMs, retentionBytes, localRetentionMs, localRetentionBytes, false, false, compaction);
    }

    /** Compaction by its defaults. */
    public TieredLogConfig(HotLogConfig hot, boolean tiered, boolean deleteByRetention, long retentionMs, long retentionBytes, long localRetentionMs, long localRetentionBytes,
            boolean copyDisabled, boolean deleteOnDisable) {
        this(hot, tiered, deleteByRetention, retentionMs, retentionBytes, localRetentionMs, localRetentionBytes, copyDisabled, deleteOnDisable, CompactionConfig.DEFAULT);
    }

    long effectiveLocalRetentionMs() {
        return localRetentionMs == -2 ? retentionMs : localRetentionMs;
    }

    long effectiveLocalRetentionBytes() {
        return localRetentionBytes == -2 ? retentionBytes : localRetentionBytes;
    }

    /**
     * The hot settings in force: a topic with a {@code retention.ms} shorter than its {@code segment.ms} is sealed that much
     * earlier, else its records would outlive their retention in the active segment, which is never deleted.
     */
    HotLogConfig effectiveHot() {
        if (!deleteByRetention || retentionMs < 0 || retentionMs >= hot.segmentMs()) {
            return hot;
        }
        return hot.withSegmentMs(Math.min(hot.segmentMs(), Math.max(retentionMs, MIN_SEAL_MS)));
    }
}
