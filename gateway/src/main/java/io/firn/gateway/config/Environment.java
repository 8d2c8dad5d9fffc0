package io.firn.gateway.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Settings from environment variables: {@code FIRN_KAFKA_PORT} is {@code kafka.port}, {@code FIRN_TOPIC_DEFAULTS_RETENTION_MS} is
 * {@code topic.defaults.retention.ms}. A {@code FIRN_} variable that is neither a setting nor reserved is an error.
 */
final class Environment {

    static final String PREFIX = "FIRN_";

    /** Read by the launcher, not settings. */
    private static final Set<String> RESERVED = Set.of("FIRN_HOME", "FIRN_JAVA_OPTS", "FIRN_SKIP_BUILD", "FIRN_CDS");

    /** Kubernetes sets these in every pod beside a service that is called firn. */
    private static final List<String> RESERVED_PREFIXES = List.of("FIRN_SERVICE_", "FIRN_PORT");

    private Environment() {}

    static List<Assignment> read(Map<String, String> variables) {
        Map<String, SettingSpec> byName = new LinkedHashMap<>();
        Schema.all().values().forEach(spec -> byName.put(spec.environmentName(), spec));
        List<Assignment> found = new ArrayList<>();
        new TreeMap<>(variables).forEach((name, value) -> {
            if (name.startsWith(PREFIX) && !reserved(name)) {
                found.add(new Assignment(keyOf(name, byName), value, "environment variable " + name));
            }
        });
        return found;
    }

    private static boolean reserved(String name) {
        return RESERVED.contains(name) || RESERVED_PREFIXES.stream().anyMatch(name::startsWith);
    }

    private static String keyOf(String name, Map<String, SettingSpec> byName) {
        SettingSpec exact = byName.get(name);
        if (exact != null) {
            return exact.key();
        }
        for (SettingSpec spec : byName.values()) {
            String prefix = spec.environmentName() + '_';
            if (spec.isMap() && name.startsWith(prefix) && name.length() > prefix.length()) {
                return spec.key() + '.' + name.substring(prefix.length()).toLowerCase(Locale.ROOT).replace('_', '.');
            }
        }
        throw ConfigException.unknown(name, "environment variable", byName.keySet());
    }
}
