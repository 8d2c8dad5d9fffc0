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
 */
public record TieredLogConfig(HotLogConfig hot, boolean tiered, boolean deleteByRetention, long retentionMs, long retentionBytes,
        long localRetentionMs, long localRetentionBytes) {}
