package io.firn.gateway.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The settings there are, read once from the {@link Setting} annotations of {@link BrokerConfig}. Thread-safe: immutable once read. */
final class Schema {

    private static final ClassValue<List<SettingSpec>> GROUPS = new ClassValue<>() {
        @Override
        protected List<SettingSpec> computeValue(Class<?> group) {
            String name = group.getSimpleName().toLowerCase(Locale.ROOT);
            List<SettingSpec> specs = new ArrayList<>();
            for (RecordComponent component : group.getRecordComponents()) {
                specs.add(SettingSpec.of(name, component));
            }
            return List.copyOf(specs);
        }
    };

    private static final Map<String, SettingSpec> BY_KEY = readAll();

    private Schema() {}

    private static Map<String, SettingSpec> readAll() {
        Map<String, SettingSpec> byKey = new LinkedHashMap<>();
        for (RecordComponent group : BrokerConfig.class.getRecordComponents()) {
            for (SettingSpec spec : group(group.getType())) {
                byKey.put(spec.key(), spec);
            }
        }
        return byKey;
    }

    /** The settings of one group, in the order of its components. */
    static List<SettingSpec> group(Class<?> group) {
        return GROUPS.get(group);
    }

    /** All settings by key, in the order of the records. */
    static Map<String, SettingSpec> all() {
        return BY_KEY;
    }

    /** The setting a key addresses: itself, or the map setting whose entry it is ({@code topic.defaults.retention.ms}). */
    static Optional<SettingSpec> find(String key) {
        SettingSpec exact = BY_KEY.get(key);
        if (exact != null) {
            return Optional.of(exact);
        }
        return BY_KEY.values().stream().filter(spec -> spec.isMap() && key.startsWith(spec.key() + '.') && key.length() > spec.key().length() + 1).findFirst();
    }
}
