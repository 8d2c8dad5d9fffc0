package io.firn.gateway.config;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Kafka's definitions of the topic configs. Apart because the first look at it loads Kafka's config classes, which only admin requests need: starting a
 * broker must not touch it. Immutable.
 */
final class TopicConfigKeys {
    /** The public topic configs by name, without Kafka's internal ones. */
    static final Map<String, ConfigKey> KEYS = LogConfig.configKeys().entrySet().stream().filter(entry -> !entry.getValue().internalConfig)
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, TreeMap::new));

    /** Built-in defaults of all of them, as text. */
    static final Map<String, String> BUILT_IN = builtIn();

    private TopicConfigKeys() {}

    private static Map<String, String> builtIn() {
        Map<String, String> values = new TreeMap<>();
        KEYS.forEach((name, key) -> values.put(name, ConfigDef.convertToString(key.defaultValue, key.type)));
        values.put(TopicConfigs.TIERED, TopicConfigs.BUILT_IN.get(TopicConfigs.TIERED));
        return Map.copyOf(values);
    }
}
