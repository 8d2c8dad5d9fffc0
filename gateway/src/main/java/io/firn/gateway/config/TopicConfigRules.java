package io.firn.gateway.config;

import io.firn.membership.ClusterView;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Which topic configs there are and which values they may have: Kafka's own definitions and checks, over Firn's defaults. One thing is allowed that Kafka refuses: a topic may be compacted and
 * tiered, if it says {@code remote.storage.enable=true} itself.
 *
 * <p>Threading: immutable.
 */
public final class TopicConfigRules {
    private final TopicConfigs configs;

    public TopicConfigRules(TopicConfigs configs) {
        this.configs = configs;
    }

    /**
     * Checks the overrides of a topic to be created.
     *
     * @throws InvalidConfigurationException for an unknown name, a value not allowed, or values that do not go together
     */
    public void checkNew(ClusterView view, Map<String, String> overrides) {
        // Without overrides there is nothing new to check, and a topic made because a producer asked for it does not load Kafka's config classes.
        if (!overrides.isEmpty()) {
            check(Map.of(), overrides, brokerLevel(view, configs.tiered(view, overrides)));
        }
    }

    /** Checks {@code overrides} as the new ones of an existing topic. Fails as {@link #checkNew}. */
    public void checkChange(ClusterView view, Map<String, String> existing, Map<String, String> overrides) {
        boolean wasTiered = configs.tiered(view, existing);
        Map<String, String> before = new HashMap<>(existing);
        before.put(TopicConfigs.TIERED, Boolean.toString(wasTiered));
        // A tiered topic stays tiered unless it is told otherwise by name, so that data in the cold tier is never orphaned by a side effect: becoming compacted is one, and is refused as
        // being both. An override that goes is a name; then Kafka's rule for switching off holds.
        check(before, overrides, brokerLevel(view, configs.tiered(view, overrides) || wasTiered && configs.compacted(view, overrides)));
    }

    /**
     * Checks the setting {@code topic.defaults}. A default is a config that could be given to a topic.
     *
     * @throws InvalidConfigurationException with one line for the operator
     */
    public static void checkSettings(Map<String, String> defaults) {
        check(Map.of(), defaults, TopicConfigKeys.BUILT_IN);
    }

    /** Whether {@code name} is a public topic config. */
    public static boolean known(String name) {
        return TopicConfigKeys.KEYS.containsKey(name);
    }

    /** Whether {@code name} takes a list, so that APPEND and SUBTRACT apply. */
    public static boolean list(String name) {
        return Optional.ofNullable(TopicConfigKeys.KEYS.get(name)).filter(key -> key.type == ConfigDef.Type.LIST).isPresent();
    }

    private Map<String, String> brokerLevel(ClusterView view, boolean tiered) {
        Map<String, String> values = configs.withoutOverrides(view, TopicConfigKeys.BUILT_IN);
        values.put(TopicConfigs.TIERED, Boolean.toString(tiered));
        return values;
    }

    private static void check(Map<String, String> before, Map<String, String> overrides, Map<String, String> brokerLevel) {
        overrides.keySet().stream().filter(name -> !TopicConfigKeys.KEYS.containsKey(name)).findFirst().ifPresent(name -> {
            throw new InvalidConfigurationException("Unknown topic config name: " + name);
        });
        String policies = overrides.getOrDefault(TopicConfigs.CLEANUP_POLICY, brokerLevel.getOrDefault(TopicConfigs.CLEANUP_POLICY, ""));
        boolean compacted = TopicConfigs.has(policies, "compact");
        boolean saysTiered = Boolean.parseBoolean(overrides.getOrDefault(TopicConfigs.TIERED, "").trim());
        try {
            if (compacted && saysTiered) {
                checkCompactedAndTiered(before, overrides, brokerLevel);
            } else {
                requireSaid(before, overrides, compacted);
                LogConfig.validate(before, overrides, brokerLevel, true);
            }
        } catch (ConfigException e) {
            throw new InvalidConfigurationException(e.getMessage(), e);
        }
    }

    /** Kafka knows no such topic: its checks of tiering are made as if it was not compacted, those of the policy by themselves. */
    private static void checkCompactedAndTiered(Map<String, String> before, Map<String, String> overrides, Map<String, String> brokerLevel) {
        LogConfig.validate(Map.of(), Map.of(TopicConfigs.CLEANUP_POLICY, overrides.getOrDefault(TopicConfigs.CLEANUP_POLICY, "compact")), Map.of(), false);
        Map<String, String> otherwise = new HashMap<>(overrides);
        otherwise.put(TopicConfigs.CLEANUP_POLICY, "delete");
        LogConfig.validate(before, otherwise, brokerLevel, true);
    }

    /** A tiered topic that is to be compacted, too, has to say that it stays tiered: by default compacted topics are not. */
    private static void requireSaid(Map<String, String> before, Map<String, String> overrides, boolean compacted) {
        if (compacted && Boolean.parseBoolean(before.getOrDefault(TopicConfigs.TIERED, "")) && !overrides.containsKey(TopicConfigs.TIERED)) {
            throw new ConfigException("The topic is tiered. To compact it set remote.storage.enable=true with it; to take it out of the cold tier set remote.storage.enable=false and remote.log.delete.on.disable=true.");
        }
    }
}
