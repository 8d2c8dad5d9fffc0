package io.firn.gateway.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * What each topic config of Kafka does here: fully what Kafka's documentation says, partly, or nothing, with the reason. The README's table is made from this; a test fails when a config of
 * Kafka's {@code LogConfig} is missing. Pure.
 */
final class TopicConfigEffects {

    private TopicConfigEffects() {}

    enum Extent { FULL, PARTLY, NONE }

    record Effect(Extent extent, String note) {}

    static final Map<String, Effect> ALL = all();

    private static Effect full(String note) {
        return new Effect(Extent.FULL, note);
    }

    private static Effect partly(String note) {
        return new Effect(Extent.PARTLY, note);
    }

    private static Effect none(String reason) {
        return new Effect(Extent.NONE, reason);
    }

    private static Map<String, Effect> all() {
        Map<String, Effect> all = new TreeMap<>();
        addOfWriting(all);
        addOfSegments(all);
        addOfRetention(all);
        addOfCompaction(all);
        addOfReplication(all);
        return Map.copyOf(all);
    }

    private static void addOfWriting(Map<String, Effect> all) {
        all.put("compression.type", full("a batch of another codec is rewritten before the append, on a pool; `producer` costs nothing. A batch that has the codec keeps its level, as in Kafka; batches of coordinators stay as they are"));
        all.put("compression.gzip.level", full("of batches rewritten to gzip"));
        all.put("compression.lz4.level", full("of batches rewritten to lz4"));
        all.put("compression.zstd.level", full("of batches rewritten to zstd"));
        all.put("max.message.bytes", full("of the batch as it came and as it is stored"));
        all.put("message.timestamp.type", full("LogAppendTime is stamped on the batch, answered to the producer, and indexed"));
        all.put("message.timestamp.before.max.ms", partly("compressed batches that are not rewritten are judged by their first and largest timestamp: nothing is decompressed for it"));
        all.put("message.timestamp.after.max.ms", full("by the batch's largest timestamp"));
        all.put("flush.messages", partly("with `log.durability=os`: the append that reaches the number is committed when it was forced, so acks=all waits; acks=1 does not. With `fsync` every commit was forced anyway"));
        all.put("flush.ms", full("with `log.durability=os`, looked at once a second; needs no scheduler setting as in Kafka"));
        all.put("preallocate", none("segments grow as they are written; a preallocated tail is one more thing recovery has to tell from records, for a gain only spinning disks have"));
    }

    private static void addOfSegments(Map<String, Effect> all) {
        all.put("segment.bytes", full(""));
        all.put("segment.ms", full("also when nothing more is produced: looked at once a second"));
        all.put("segment.jitter.ms", full(""));
        all.put("segment.index.bytes", full(""));
        all.put("index.interval.bytes", full(""));
        all.put("file.delete.delay.ms", none("files of deleted segments are removed at once: readers in the middle of one hold it open, which is what Kafka's delay is for"));
    }

    private static void addOfRetention(Map<String, Effect> all) {
        all.put("retention.ms", full("over both tiers"));
        all.put("retention.bytes", full("over both tiers, what lies in both counted once"));
        all.put("local.retention.ms", full(""));
        all.put("local.retention.bytes", full(""));
        all.put("remote.storage.enable", full("true here unless told otherwise, but for compacted topics"));
        all.put("remote.log.copy.disable", full("nothing more is offloaded; the cold tier still serves; total retention decides on the local disk"));
        all.put("remote.log.delete.on.disable", full("with `remote.storage.enable=false`: the log starts on the local disk, the cold tier is emptied"));
    }

    private static void addOfCompaction(Map<String, Effect> all) {
        all.put("cleanup.policy", full(""));
        all.put("delete.retention.ms", full("counted per batch from the first compaction that finds it, as in Kafka; of a tiered log tombstones go in the bucket, and locally with local retention"));
        all.put("min.cleanable.dirty.ratio", full(""));
        all.put("min.compaction.lag.ms", full(""));
        all.put("max.compaction.lag.ms", full("also seals the active segment"));
    }

    private static void addOfReplication(Map<String, Effect> all) {
        all.put("min.insync.replicas", full("as Kafka 4 counts: never more than the partition has replicas, so with one broker acks=all is not refused"));
        all.put("unclean.leader.election.enable", full("of a partition without a leader, at once where it becomes true. What is in the cold tier stays: a new leader that lacks any of it begins where it ends, and does not lead before the bucket has told"));
        all.put("leader.replication.throttled.replicas", full("with `leader.replication.throttled.rate` of the broker"));
        all.put("follower.replication.throttled.replicas", full("with `follower.replication.throttled.rate` of the broker"));
    }

    /** The table as Markdown. */
    static String markdown() {
        List<String> lines = new ArrayList<>(List.of("| config | default | Kafka's, where it differs | effect | |", "|---|---|---|---|---|"));
        TopicConfigKeys.KEYS.forEach((name, key) -> {
            String ours = TopicConfigKeys.BUILT_IN.get(name);
            String kafkas = ConfigDef.convertToString(LogConfig.configKeys().get(name).defaultValue, key.type);
            Effect effect = ALL.get(name);
            lines.add("| `" + name + "` | " + code(ours) + " | " + (ours.equals(kafkas) ? "" : code(kafkas)) + " | " + effect.extent().name().toLowerCase(Locale.ROOT) + " | " + effect.note() + " |");
        });
        return String.join("\n", lines) + '\n';
    }

    private static String code(String value) {
        return value.isEmpty() ? "empty" : '`' + value + '`';
    }
}
