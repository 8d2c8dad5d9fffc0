package io.firn.gateway.config;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Which configs of brokers can be changed while they run: the broker-level names of topic configs, which set what topics without an override get, and the throttles of replication.
 * Everything else in Firn is a setting of the broker's file. Bounds and cross checks are Kafka's, and so is the error: INVALID_REQUEST, where a topic's would be INVALID_CONFIG. Pure functions.
 */
public final class BrokerConfigRules {
    private static final Map<String, String> TOPIC_NAMES = TopicConfigKeys.KEYS.keySet().stream()
            .filter(name -> TopicConfigs.brokerName(name).isPresent())
            .collect(Collectors.toMap(name -> TopicConfigs.brokerName(name).get(), name -> name, (a, b) -> a, TreeMap::new));

    private BrokerConfigRules() {}

    /**
     * Checks the whole set of dynamic configs a broker (or the cluster default) is to have.
     *
     * @throws InvalidRequestException for a config that cannot be changed at run time, or a value not allowed
     */
    public static void check(Map<String, String> configs) {
        TreeSet<String> unknown = new TreeSet<>(configs.keySet());
        unknown.removeAll(TOPIC_NAMES.keySet());
        unknown.removeAll(BrokerConfigKeys.THROTTLES);
        if (!unknown.isEmpty()) {
            throw new InvalidRequestException("Cannot update these configs dynamically: " + unknown);
        }
        try {
            Map<String, Object> asTopicConfigs = new TreeMap<>(TopicConfigKeys.BUILT_IN);
            configs.forEach((name, value) -> {
                String parsed = parsed(name, value);
                Optional.ofNullable(TOPIC_NAMES.get(name)).ifPresent(topicName -> asTopicConfigs.put(topicName, TopicConfigs.effective(topicName, parsed)));
            });
            LogConfig.validateBrokerLogConfigValues(new LogConfig(asTopicConfigs).values(), true);
        } catch (ConfigException | InvalidConfigurationException e) {
            throw new InvalidRequestException(e.getMessage(), e);
        }
    }

    private static String parsed(String name, String value) {
        ConfigDef.ConfigKey key = BrokerConfigKeys.KEYS.get(name);
        Object parsed = ConfigDef.parseType(name, value, key.type);
        if (key.validator != null) {
            key.validator.ensureValid(name, parsed);
        }
        if (name.equals("log.retention.ms") && parsed.equals(0L)) {
            throw new ConfigException(name, parsed, "at least 1, or negative for no limit");
        }
        return ConfigDef.convertToString(parsed, key.type);
    }

    /**
     * Whether {@code name} takes a list, so that APPEND and SUBTRACT apply.
     *
     * @throws InvalidConfigurationException for a name brokers have no config of
     */
    public static boolean list(String name) {
        if (!BrokerConfigKeys.KEYS.containsKey(name)) {
            throw new InvalidConfigurationException("Unknown config name: " + name);
        }
        return BrokerConfigKeys.KEYS.get(name).type == ConfigDef.Type.LIST;
    }
}
