package io.firn.gateway.group;

import io.firn.gateway.config.ConfigEntry;
import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;

/** Shows the configs of groups, and the coordinator's settings at broker level. Pure functions. */
public final class GroupConfigEntries {

    private GroupConfigEntries() {}

    /** All configs of a group with these overrides, by name. */
    public static List<ConfigEntry> ofGroup(GroupSettings settings, Map<String, String> overrides) {
        List<ConfigEntry> entries = new ArrayList<>();
        new TreeMap<>(GroupConfig.CONFIG_DEF.configKeys()).values().forEach(key -> entries.add(ofGroup(settings, key, overrides)));
        return entries;
    }

    private static ConfigEntry ofGroup(GroupSettings settings, ConfigKey key, Map<String, String> overrides) {
        List<Synonym> synonyms = new ArrayList<>();
        Optional.ofNullable(overrides.get(key.name)).ifPresent(value -> synonyms.add(new Synonym(key.name, value, Source.GROUP)));
        String broker = GroupConfig.brokerSynonym(key.name).filter(settings::has).orElse(key.name);
        if (settings.chosen(broker)) {
            synonyms.add(new Synonym(broker, ConfigDef.convertToString(settings.value(broker), key.type), Source.STATIC));
        }
        Object builtIn = settings.has(broker) ? settings.builtIn(broker) : key.defaultValue;
        Optional.ofNullable(ConfigDef.convertToString(builtIn, key.type)).ifPresent(value -> synonyms.add(new Synonym(broker, value, Source.BUILT_IN)));
        return ConfigEntry.of(key.name, key.type, false, key.documentation, synonyms);
    }

    /** The coordinator's settings, which only a restart changes. */
    public static List<ConfigEntry> ofBroker(GroupSettings settings) {
        List<ConfigEntry> entries = new ArrayList<>();
        new TreeMap<>(GroupCoordinatorConfig.CONFIG_DEF.configKeys()).values().stream().filter(key -> !key.internalConfig).forEach(key -> {
            Source source = settings.chosen(key.name) ? Source.STATIC : Source.BUILT_IN;
            Optional<String> value = Optional.ofNullable(ConfigDef.convertToString(settings.value(key.name), key.type));
            List<Synonym> synonyms = value.map(text -> List.of(new Synonym(key.name, text, source))).orElse(List.of());
            entries.add(new ConfigEntry(key.name, value, source, key.type, true, key.documentation, synonyms));
        });
        return entries;
    }
}
