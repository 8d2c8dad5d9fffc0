package io.firn.gateway.config;

import io.firn.gateway.codec.CompressionChoice;
import io.firn.retention.TieredLogConfig;

/**
 * What a topic's partitions obey. Immutable.
 *
 * @param log of the logs, in both tiers
 * @param compression {@code compression.type} and its level
 * @param minInsyncReplicas {@code min.insync.replicas}; a partition with fewer replicas needs all of them
 */
public record TopicSettings(TieredLogConfig log, CompressionChoice compression, int minInsyncReplicas) {}
