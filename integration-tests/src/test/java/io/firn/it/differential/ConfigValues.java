package io.firn.it.differential;

import java.util.List;

/** Names and values of configs the generator sets. Names whose effect would make time decide (retention, age of segments and so compaction) are left out. */
final class ConfigValues {

    static final List<String> NAMES = List.of("cleanup.policy", "compression.type", "delete.retention.ms", "file.delete.delay.ms", "flush.messages", "flush.ms", "index.interval.bytes",
            "max.message.bytes", "message.timestamp.after.max.ms", "message.timestamp.before.max.ms", "message.timestamp.type", "min.cleanable.dirty.ratio",
            "min.compaction.lag.ms", "min.insync.replicas", "preallocate", "retention.bytes", "segment.bytes", "segment.index.bytes", "segment.jitter.ms",
            "unclean.leader.election.enable", "local.retention.ms", "local.retention.bytes", "consumer.session.timeout.ms", "metrics", "log.cleaner.threads");

    static final List<String> VALUES = java.util.Arrays.asList("delete", "compact", "producer", "uncompressed", "gzip", "0", "1", "-1", "2000000", "1048576", "9999999999", "0.5", "CreateTime", "true", "false",
            "nonsense", "", null, "86400000", "86400000");

    private ConfigValues() {}
}
