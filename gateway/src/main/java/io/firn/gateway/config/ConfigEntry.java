package io.firn.gateway.config;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * One config of a topic, broker, group or client metrics subscription as DescribeConfigs shows it. Immutable.
 *
 * @param value what is in force; empty for none
 * @param source where {@code value} comes from
 * @param readOnly whether it can only be changed by restarting the broker
 * @param synonyms every value considered, the one in force first
 */
public record ConfigEntry(String name, Optional<String> value, Source source, Type type, boolean readOnly, String documentation, List<Synonym> synonyms) {

    public ConfigEntry {
        synonyms = List.copyOf(synonyms);
    }

    /** Where a value was set, strongest first. */
    public enum Source { TOPIC, GROUP, CLIENT_METRICS, BROKER, BROKER_DEFAULT, STATIC, BUILT_IN }

    /** A value that is, or would be but for a stronger one, in force. */
    public record Synonym(String name, String value, Source source) {}

    /** An entry whose first synonym is the one in force. */
    public static ConfigEntry of(String name, Type type, boolean readOnly, String documentation, List<Synonym> synonyms) {
        Synonym strongest = synonyms.get(0);
        return new ConfigEntry(name, Optional.of(strongest.value()), strongest.source(), type, readOnly, documentation, synonyms);
    }
}
