package io.firn.gateway.config;

import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import io.firn.membership.ClusterView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;

/**
 * Shows every public config of a topic, and the same configs at broker level, with the values, sources and synonyms Kafka shows.
 *
 * <p>Kafka's peculiarities that are followed: a topic config without a name at broker level has no synonym but its override. A time that brokers also have in a longer unit
 * ({@code log.retention.hours} beside {@code log.retention.ms}) has no synonym and, at broker level, no value, until it is set in milliseconds; then the longer unit is its last synonym.
 *
 * <p>Threading: immutable.
 */
public final class TopicConfigEntries {
    private final TopicConfigs configs;

    public TopicConfigEntries(TopicConfigs configs) {
        this.configs = configs;
    }

    /** All configs of a topic with these overrides, by name; values as they are understood. */
    public List<ConfigEntry> ofTopic(ClusterView view, Map<String, String> overrides) {
        List<ConfigEntry> entries = new ArrayList<>(TopicConfigKeys.KEYS.size());
        TopicConfigKeys.KEYS.forEach((name, key) -> entries.add(ofTopic(key, view, overrides)));
        return entries;
    }

    /** The same for the answer to a creation, where Kafka repeats overrides as they were written. */
    public List<ConfigEntry> ofNewTopic(ClusterView view, Map<String, String> overrides) {
        return ofTopic(view, overrides).stream().map(entry -> entry.source() != Source.TOPIC ? entry
                : new ConfigEntry(entry.name(), Optional.of(overrides.get(entry.name())), entry.source(), entry.type(), entry.readOnly(), entry.documentation(), entry.synonyms())).toList();
    }

    /**
     * The topic configs brokers have a name for, as configs of this broker: what a topic without overrides gets; and the throttles of replication. All can be changed at run time, but for the longer units.
     */
    public List<ConfigEntry> ofBroker(ClusterView view) {
        Map<String, ConfigEntry> entries = new TreeMap<>();
        TopicConfigKeys.KEYS.forEach((name, key) -> TopicConfigs.brokerName(name).ifPresent(brokerName -> {
            ConfigKey shown = BrokerConfigKeys.KEYS.get(brokerName);
            List<Synonym> synonyms = brokerSynonyms(name, view);
            entries.put(brokerName, entry(brokerName, synonyms.stream().findFirst().map(Synonym::value), shown, false, synonyms));
        }));
        BrokerConfigKeys.THROTTLES.forEach(name -> entries.put(name, throttle(name, view)));
        BrokerConfigKeys.LONGER_UNITS.values().forEach(name -> entries.put(name, longerUnit(name)));
        entries.put("log.retention.minutes", entry("log.retention.minutes", Optional.empty(), BrokerConfigKeys.KEYS.get("log.retention.minutes"), true, List.of()));
        return List.copyOf(entries.values());
    }

    private ConfigEntry throttle(String name, ClusterView view) {
        List<Synonym> synonyms = configs.ofBroker(name, view, BrokerConfigKeys.builtIn(name));
        return entry(name, Optional.of(synonyms.get(0).value()), BrokerConfigKeys.KEYS.get(name), false, synonyms);
    }

    private static ConfigEntry longerUnit(String name) {
        Synonym only = new Synonym(name, BrokerConfigKeys.builtIn(name), Source.BUILT_IN);
        return entry(name, Optional.of(only.value()), BrokerConfigKeys.KEYS.get(name), true, List.of(only));
    }

    /** What is set for all brokers at run time. */
    public List<ConfigEntry> ofAllBrokers(ClusterView view) {
        return ofBroker(view).stream().flatMap(entry -> entry.synonyms().stream().filter(synonym -> synonym.source() == Source.BROKER_DEFAULT)
                .map(synonym -> ConfigEntry.of(entry.name(), entry.type(), false, entry.documentation(), List.of(synonym)))).toList();
    }

    private ConfigEntry ofTopic(ConfigKey key, ClusterView view, Map<String, String> overrides) {
        Synonym inForce = configs.inForce(key.name, overrides, view, TopicConfigKeys.BUILT_IN.get(key.name));
        String value = shown(key, TopicConfigs.effective(key.name, inForce.value()));
        boolean untiered = key.name.equals(TopicConfigs.TIERED) && inForce.source() != Source.TOPIC && !configs.tiered(view, overrides);
        List<Synonym> synonyms = new ArrayList<>();
        if (untiered) {
            return entry(key.name, Optional.of("false"), key, false, synonyms);
        }
        if (inForce.source() == Source.TOPIC) {
            synonyms.add(new Synonym(key.name, value, Source.TOPIC));
        }
        synonyms.addAll(brokerSynonyms(key.name, view));
        return entry(key.name, Optional.of(value), key, false, synonyms);
    }

    /** What the layers below the topic have set, by the names there. */
    private List<Synonym> brokerSynonyms(String topicConfig, ClusterView view) {
        String builtIn = TopicConfigKeys.BUILT_IN.get(topicConfig);
        Optional<String> brokerName = TopicConfigs.brokerName(topicConfig);
        List<Synonym> set = configs.synonyms(topicConfig, Map.of(), view, builtIn).stream().filter(synonym -> synonym.source() != Source.BUILT_IN)
                .map(synonym -> new Synonym(brokerName.orElse(topicConfig), synonym.value(), synonym.source())).toList();
        Optional<String> longer = Optional.ofNullable(BrokerConfigKeys.LONGER_UNITS.get(topicConfig));
        if (brokerName.isEmpty() || longer.isPresent() && set.isEmpty()) {
            return set;
        }
        List<Synonym> all = new ArrayList<>(set);
        all.add(longer.map(name -> new Synonym(name, BrokerConfigKeys.builtIn(name), Source.BUILT_IN)).orElseGet(() -> new Synonym(brokerName.get(), builtIn, Source.BUILT_IN)));
        return all;
    }

    private static ConfigEntry entry(String name, Optional<String> value, ConfigKey key, boolean readOnly, List<Synonym> synonyms) {
        Source source = synonyms.isEmpty() ? Source.BUILT_IN : synonyms.get(0).source();
        return new ConfigEntry(name, value, source, key.type, readOnly, key.documentation, synonyms);
    }

    /** As Kafka writes it: without spaces around, lists joined by commas. */
    private static String shown(ConfigKey key, String value) {
        return ConfigDef.convertToString(ConfigDef.parseType(key.name, value, key.type), key.type);
    }
}
