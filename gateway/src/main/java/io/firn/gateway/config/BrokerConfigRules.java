package io.firn.gateway.config;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.InvalidRequestException;

/**
 * Which configs of brokers can be changed while they run: the broker-level names of topic configs, which set what topics without an override get.
 * Everything else in Firn is a setting of the broker's file. Pure functions.
 */
public final class BrokerConfigRules {
    private static final Map<String, String> TOPIC_NAMES = TopicConfigKeys.KEYS.keySet().stream()
            .filter(name -> TopicConfigs.brokerName(name).isPresent())
            .collect(Collectors.toMap(name -> TopicConfigs.brokerName(name).get(), name -> name, (a, b) -> a, TreeMap::new));

    private BrokerConfigRules() {}

    /**
     * Checks the whole set of dynamic configs a broker (or the cluster default) is to have.
     *
     * @throws InvalidRequestException for a config that cannot be changed at run time
     * @throws org.apache.kafka.common.errors.InvalidConfigurationException for a value not allowed
     */
    public static void check(Map<String, String> configs) {
        Map<String, String> asTopicConfigs = new HashMap<>();
        TreeSet<String> unknown = new TreeSet<>();
        configs.forEach((name, value) -> {
            if (TOPIC_NAMES.containsKey(name)) {
                asTopicConfigs.put(TOPIC_NAMES.get(name), value);
            } else {
                unknown.add(name);
            }
        });
        if (!unknown.isEmpty()) {
            throw new InvalidRequestException("Cannot update these configs dynamically: " + unknown);
        }
        TopicConfigRules.checkSettings(asTopicConfigs);
    }

    /** Whether {@code name} takes a list, so that APPEND and SUBTRACT apply. */
    public static boolean list(String name) {
        return TopicConfigRules.list(TOPIC_NAMES.getOrDefault(name, ""));
    }
}
