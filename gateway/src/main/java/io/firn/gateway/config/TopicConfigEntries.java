package io.firn.gateway.config;

import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import io.firn.membership.ClusterView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;

/** Shows every public config of a topic, and the same configs at broker level. Threading: immutable. */
public final class TopicConfigEntries {
    private final TopicConfigs configs;

    public TopicConfigEntries(TopicConfigs configs) {
        this.configs = configs;
    }

    /** All configs of a topic with these overrides, by name. */
    public List<ConfigEntry> ofTopic(ClusterView view, Map<String, String> overrides) {
        List<ConfigEntry> entries = new ArrayList<>(TopicConfigKeys.KEYS.size());
        TopicConfigKeys.KEYS.forEach((name, key) -> entries.add(ofTopic(key, view, overrides)));
        return entries;
    }

    /** The topic configs brokers have a name for, as configs of this broker: what a topic without overrides gets. All can be changed at run time. */
    public List<ConfigEntry> ofBroker(ClusterView view) {
        Map<String, ConfigEntry> entries = new TreeMap<>();
        TopicConfigKeys.KEYS.forEach((name, key) -> TopicConfigs.brokerName(name).ifPresent(brokerName -> {
            List<Synonym> synonyms = configs.synonyms(name, Map.of(), view, TopicConfigKeys.BUILT_IN.get(name)).stream()
                    .map(synonym -> new Synonym(brokerName, synonym.value(), synonym.source())).toList();
            entries.put(brokerName, ConfigEntry.of(brokerName, key.type, false, key.documentation, synonyms));
        }));
        return List.copyOf(entries.values());
    }

    /** What is set for all brokers at run time. */
    public List<ConfigEntry> ofAllBrokers(ClusterView view) {
        return ofBroker(view).stream().flatMap(entry -> entry.synonyms().stream().filter(synonym -> synonym.source() == Source.BROKER_DEFAULT)
                .map(synonym -> ConfigEntry.of(entry.name(), entry.type(), false, entry.documentation(), List.of(synonym)))).toList();
    }

    private ConfigEntry ofTopic(ConfigKey key, ClusterView view, Map<String, String> overrides) {
        String brokerName = TopicConfigs.brokerName(key.name).orElse(key.name);
        List<Synonym> synonyms = configs.synonyms(key.name, overrides, view, TopicConfigKeys.BUILT_IN.get(key.name)).stream()
                .map(synonym -> synonym.source() == Source.TOPIC ? synonym : new Synonym(brokerName, synonym.value(), synonym.source())).toList();
        if (key.name.equals(TopicConfigs.TIERED) && !overrides.containsKey(key.name) && !configs.tiered(view, overrides)) {
            synonyms = List.of(new Synonym(key.name, "false", Source.BUILT_IN));
        }
        return ConfigEntry.of(key.name, key.type, false, key.documentation, synonyms);
    }
}
