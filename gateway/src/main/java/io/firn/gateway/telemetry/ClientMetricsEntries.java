package io.firn.gateway.telemetry;

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
import org.apache.kafka.server.metrics.ClientMetricsConfigs;

/** The configs of a client metrics subscription: checked and shown. Pure functions. */
public final class ClientMetricsEntries {

    private ClientMetricsEntries() {}

    /**
     * Checks the configs a subscription is to have; none means that it is to go.
     *
     * @throws org.apache.kafka.common.errors.ApiException or {@link org.apache.kafka.common.config.ConfigException} for an unknown name, or a value not allowed
     */
    public static void check(String name, Map<String, String> configs) {
        ClientMetricsConfigs.validate(name, configs);
    }

    /** All configs of a subscription with these overrides, by name. */
    public static List<ConfigEntry> of(Map<String, String> overrides) {
        List<ConfigEntry> entries = new ArrayList<>();
        new TreeMap<>(ClientMetricsConfigs.configDef().configKeys()).values().forEach(key -> entries.add(entry(key, overrides)));
        return entries;
    }

    private static ConfigEntry entry(ConfigKey key, Map<String, String> overrides) {
        // The default is not shown beside an override: Kafka does not either.
        return Optional.ofNullable(overrides.get(key.name))
                .map(value -> ConfigEntry.of(key.name, key.type, false, key.documentation, List.of(new Synonym(key.name, value, Source.CLIENT_METRICS))))
                .orElseGet(() -> new ConfigEntry(key.name, Optional.of(ConfigDef.convertToString(key.defaultValue, key.type)), Source.BUILT_IN, key.type, false, key.documentation, List.of()));
    }
}
