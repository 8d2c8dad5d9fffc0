package io.firn.gateway.config;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ReplicationConfigs;
import org.apache.kafka.server.config.ServerConfigs;
import org.apache.kafka.server.log.remote.storage.RemoteLogManagerConfig;
import org.apache.kafka.storage.internals.log.CleanerConfig;
import org.apache.kafka.storage.internals.log.LogConfig;

/** Kafka's definitions of brokers' configs: types, bounds and documentation. Apart for the same reason as {@link TopicConfigKeys}. Immutable. */
final class BrokerConfigKeys {

    static final Map<String, ConfigKey> KEYS = keys();

    /** Configs that hold the same value in a longer unit, which a restart alone changes: what is in force where nothing else is set, by topic config. */
    static final Map<String, String> LONGER_UNITS = Map.of("retention.ms", "log.retention.hours", "segment.ms", "log.roll.hours", "segment.jitter.ms", "log.roll.jitter.hours",
            "flush.ms", "log.flush.scheduler.interval.ms");

    /** Limits of what replication, and moves between directories, may take. */
    static final Set<String> THROTTLES = new TreeSet<>(QuotaConfig.BROKER_QUOTA_CONFIGS);

    private BrokerConfigKeys() {}

    private static Map<String, ConfigKey> keys() {
        Map<String, ConfigKey> all = new TreeMap<>();
        Stream.of(ServerConfigs.CONFIG_DEF, LogConfig.SERVER_CONFIG_DEF, CleanerConfig.CONFIG_DEF, RemoteLogManagerConfig.configDef(), ReplicationConfigs.CONFIG_DEF, QuotaConfig.brokerQuotaConfigs())
                .forEach(definitions -> all.putAll(definitions.configKeys()));
        return all;
    }

    /** The default as text, where there is one. */
    static String builtIn(String name) {
        ConfigKey key = KEYS.get(name);
        return ConfigDef.convertToString(key.defaultValue, key.type);
    }
}
