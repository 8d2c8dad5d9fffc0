package io.firn.gateway.config;

import io.firn.gateway.codec.CompressionChoice;
import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import io.firn.hot.FlushRule;
import io.firn.hot.HotLogConfig;
import io.firn.membership.ClusterView;
import io.firn.membership.TopicView;
import io.firn.retention.CompactionConfig;
import io.firn.retention.TieredLogConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;

/**
 * What a topic's configs are in force, from the layers that may set them, and the log settings that follow.
 *
 * <p>Layers, strongest first: the topic's own override; this broker's dynamic config; the cluster-wide dynamic default; the setting
 * {@code topic.defaults}; the built-in default. Built-in defaults are Kafka's, with one exception: {@code remote.storage.enable} is true,
 * except for a topic whose {@code cleanup.policy} contains {@code compact}: such a topic is tiered if it says so itself.
 *
 * <p>Names and values reach this class validated ({@link TopicConfigRules}); it only needs the few configs that decide how a log behaves, so
 * that starting a broker does not load Kafka's config classes.
 *
 * <p>Threading: immutable.
 */
public final class TopicConfigs {
    static final String CLEANUP_POLICY = "cleanup.policy";
    static final String TIERED = "remote.storage.enable";

    /** Built-in defaults of the configs a log obeys; a test compares them with Kafka's. */
    static final Map<String, String> BUILT_IN = Map.ofEntries(
            Map.entry("segment.bytes", "1073741824"),
            Map.entry("segment.ms", "604800000"),
            Map.entry("segment.jitter.ms", "0"),
            Map.entry("segment.index.bytes", "10485760"),
            Map.entry("index.interval.bytes", "4096"),
            Map.entry("max.message.bytes", "1048588"),
            Map.entry("message.timestamp.type", "CreateTime"),
            Map.entry("message.timestamp.before.max.ms", "9223372036854775807"),
            Map.entry("message.timestamp.after.max.ms", "3600000"),
            Map.entry("max.compaction.lag.ms", "9223372036854775807"),
            Map.entry("min.compaction.lag.ms", "0"),
            Map.entry("min.cleanable.dirty.ratio", "0.5"),
            Map.entry("delete.retention.ms", "86400000"),
            Map.entry("flush.messages", "9223372036854775807"),
            Map.entry("flush.ms", "9223372036854775807"),
            Map.entry("compression.type", "producer"),
            Map.entry("compression.gzip.level", "-1"),
            Map.entry("compression.lz4.level", "9"),
            Map.entry("compression.zstd.level", "3"),
            Map.entry("min.insync.replicas", "1"),
            Map.entry(CLEANUP_POLICY, "delete"),
            Map.entry("retention.ms", "604800000"),
            Map.entry("retention.bytes", "-1"),
            Map.entry("local.retention.ms", "-2"),
            Map.entry("local.retention.bytes", "-2"),
            Map.entry("remote.log.copy.disable", "false"),
            Map.entry("remote.log.delete.on.disable", "false"),
            Map.entry(TIERED, "true"));

    private final int brokerId;
    private final Map<String, String> settings;

    /** @param settings {@code topic.defaults}: Kafka's topic config names */
    public TopicConfigs(int brokerId, Map<String, String> settings) {
        this.brokerId = brokerId;
        this.settings = Map.copyOf(settings);
    }

    public static TopicConfigs of(BrokerConfig config) {
        return new TopicConfigs(config.node().id(), config.topic().defaults());
    }

    /** The settings of a topic's partitions on this broker. To be looked up again when the topic's or the brokers' configs in the view change. */
    public TopicSettings settings(ClusterView view, TopicView topic) {
        return settings(view, topic.configs());
    }

    TopicSettings settings(ClusterView view, Map<String, String> overrides) {
        Lookup config = lookup(view, overrides);
        String type = config.text("compression.type").trim();
        int level = List.of("gzip", "lz4", "zstd").contains(type) ? (int) config.number("compression." + type + ".level") : 0;
        return new TopicSettings(logConfig(view, overrides), CompressionChoice.of(type, level), (int) config.number("min.insync.replicas"));
    }

    private Lookup lookup(ClusterView view, Map<String, String> overrides) {
        return name -> inForce(name, overrides, view, BUILT_IN.get(name)).value();
    }

    TieredLogConfig logConfig(ClusterView view, Map<String, String> overrides) {
        Lookup config = lookup(view, overrides);
        boolean compacted = compacted(view, overrides);
        long segmentMs = compacted ? Math.min(config.number("segment.ms"), config.number("max.compaction.lag.ms")) : config.number("segment.ms");
        HotLogConfig hot = new HotLogConfig((int) config.number("segment.bytes"), segmentMs, config.number("segment.jitter.ms"),
                (int) config.number("segment.index.bytes"), (int) config.number("index.interval.bytes"), (int) config.number("max.message.bytes"),
                "LogAppendTime".equals(config.text("message.timestamp.type")), config.number("message.timestamp.before.max.ms"),
                config.number("message.timestamp.after.max.ms"), compacted, new FlushRule(config.number("flush.messages"), config.number("flush.ms")));
        // Kafka takes every negative number of bytes for no limit, and at broker level every negative time.
        return new TieredLogConfig(hot, tiered(view, overrides), has(config.text(CLEANUP_POLICY), "delete"), Math.max(-1, config.number("retention.ms")),
                Math.max(-1, config.number("retention.bytes")), config.number("local.retention.ms"), config.number("local.retention.bytes"),
                config.flag("remote.log.copy.disable"), config.flag("remote.log.delete.on.disable"),
                new CompactionConfig(config.ratio("min.cleanable.dirty.ratio"), config.number("min.compaction.lag.ms"),
                        config.number("max.compaction.lag.ms"), config.number("delete.retention.ms")));
    }

    /** Whether a topic with these overrides is tiered. */
    boolean tiered(ClusterView view, Map<String, String> overrides) {
        String chosen = overrides.get(TIERED);
        if (chosen != null) {
            return Boolean.parseBoolean(chosen.trim());
        }
        return !compacted(view, overrides) && Boolean.parseBoolean(inForce(TIERED, overrides, view, BUILT_IN.get(TIERED)).value().trim());
    }

    /** Whether the {@code cleanup.policy} of a topic with these overrides contains {@code compact}. */
    boolean compacted(ClusterView view, Map<String, String> overrides) {
        return has(inForce(CLEANUP_POLICY, overrides, view, BUILT_IN.get(CLEANUP_POLICY)).value(), "compact");
    }

    /** The strongest value of one topic config. */
    Synonym inForce(String name, Map<String, String> overrides, ClusterView view, String builtIn) {
        return synonyms(name, overrides, view, builtIn).get(0);
    }

    /** Every value one topic config has in some layer, strongest first; never empty. */
    List<Synonym> synonyms(String name, Map<String, String> overrides, ClusterView view, String builtIn) {
        List<Synonym> found = new ArrayList<>(2);
        add(found, name, overrides.get(name), Source.TOPIC);
        String brokerName = name;
        if (!view.brokerConfigs().isEmpty()) {
            brokerName = brokerName(name).orElse(name);
            add(found, brokerName, view.brokerConfigs().getOrDefault(brokerId, Map.of()).get(brokerName), Source.BROKER);
            add(found, brokerName, view.brokerConfigs().getOrDefault(ClusterView.ALL_BROKERS, Map.of()).get(brokerName), Source.BROKER_DEFAULT);
        }
        add(found, brokerName, settings.get(name), Source.STATIC);
        add(found, brokerName, builtIn, Source.BUILT_IN);
        return found;
    }

    /** Every value a config of brokers alone has in some layer, strongest first; never empty. */
    List<Synonym> ofBroker(String name, ClusterView view, String builtIn) {
        List<Synonym> found = new ArrayList<>(2);
        add(found, name, view.brokerConfigs().getOrDefault(brokerId, Map.of()).get(name), Source.BROKER);
        add(found, name, view.brokerConfigs().getOrDefault(ClusterView.ALL_BROKERS, Map.of()).get(name), Source.BROKER_DEFAULT);
        add(found, name, builtIn, Source.BUILT_IN);
        return found;
    }

    /** What a topic without overrides gets, for each of {@code names}. */
    Map<String, String> withoutOverrides(ClusterView view, Map<String, String> builtIns) {
        Map<String, String> values = new HashMap<>();
        builtIns.forEach((name, builtIn) -> values.put(name, effective(name, inForce(name, Map.of(), view, builtIn).value())));
        return values;
    }

    /** Kafka takes every negative {@code log.retention.ms} for no limit, which is written -1 in a topic. */
    static String effective(String topicConfig, String value) {
        return topicConfig.equals("retention.ms") && value.trim().startsWith("-") ? "-1" : value;
    }

    /** The name a topic config has as a config of brokers, where it has one. */
    static Optional<String> brokerName(String topicConfig) {
        return Optional.ofNullable(ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.get(topicConfig));
    }

    static boolean has(String policies, String policy) {
        return Arrays.stream(policies.split(",")).anyMatch(each -> each.trim().equalsIgnoreCase(policy));
    }

    private static void add(List<Synonym> found, String name, String value, Source source) {
        if (value != null) {
            found.add(new Synonym(name, value, source));
        }
    }

    @FunctionalInterface
    private interface Lookup {
        String text(String name);

        default long number(String name) {
            return Long.parseLong(text(name).trim());
        }

        /** Kafka's bounds let NaN pass, which no share of a log is larger than. */
        default double ratio(String name) {
            double ratio = Double.parseDouble(text(name).trim());
            return Double.isNaN(ratio) ? 1 : ratio;
        }

        default boolean flag(String name) {
            return Boolean.parseBoolean(text(name).trim());
        }
    }
}
