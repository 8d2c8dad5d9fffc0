package io.firn.gateway.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.errors.InvalidConfigurationException;

/**
 * Makes a {@link BrokerConfig} from its sources; later ones win: defaults, YAML file, environment, command line.
 *
 * <p>Every error is a {@link ConfigException} of one line. A file is only looked at, and its parser only loaded, when one is named.
 */
public final class ConfigLoader {

    private static final String TOPIC_DEFAULTS = "topic.defaults";

    private final Map<String, Object> plain = new HashMap<>();
    private final Map<String, Map<String, String>> maps = new HashMap<>();
    private final Map<String, String> mapSources = new HashMap<>();

    private ConfigLoader() {}

    /**
     * @param file YAML file, nested or dotted keys
     * @param environment all variables of the process; only those that begin with {@code FIRN_} are looked at
     * @param commandLine in order; the last one of a key wins
     */
    public static BrokerConfig load(Optional<Path> file, Map<String, String> environment, List<Assignment> commandLine) {
        ConfigLoader loader = new ConfigLoader();
        List<Assignment> all = new ArrayList<>();
        file.map(YamlFile::read).ifPresent(all::addAll);
        all.addAll(Environment.read(environment));
        all.addAll(commandLine);
        all.forEach(loader::apply);
        return loader.build();
    }

    /** The defaults, changed by these; for tests and tools. */
    public static BrokerConfig of(Map<String, String> changes) {
        List<Assignment> assignments = new ArrayList<>();
        changes.forEach((key, value) -> assignments.add(new Assignment(key, value, "given in code")));
        return load(Optional.empty(), Map.of(), assignments);
    }

    private void apply(Assignment assignment) {
        SettingSpec spec = Schema.find(assignment.key())
                .orElseThrow(() -> ConfigException.unknown(assignment.key(), assignment.source(), Schema.all().keySet()));
        if (!spec.isMap()) {
            plain.put(spec.key(), spec.parse(assignment.value())
                    .orElseThrow(() -> ConfigException.notAllowed(spec, assignment.value(), assignment.source())));
        } else if (assignment.key().equals(spec.key())) {
            throw new ConfigException(spec.key() + " (" + assignment.source() + ") takes names below it: " + spec.key() + ".NAME=VALUE");
        } else {
            String name = assignment.key().substring(spec.key().length() + 1);
            maps.computeIfAbsent(spec.key(), key -> new LinkedHashMap<>()).put(name, assignment.value().strip());
            mapSources.put(assignment.key(), assignment.source());
        }
    }

    private BrokerConfig build() {
        checkTopicDefaults();
        RecordComponent[] groups = BrokerConfig.class.getRecordComponents();
        Object[] values = new Object[groups.length];
        for (int i = 0; i < groups.length; i++) {
            Class<?> group = groups[i].getType();
            values[i] = instantiate(group, Schema.group(group).stream().map(this::valueOf).toArray());
        }
        return (BrokerConfig) instantiate(BrokerConfig.class, values);
    }

    /** The names and values are Kafka's; its config classes are loaded only when there are any. */
    private void checkTopicDefaults() {
        Map<String, String> defaults = maps.getOrDefault(TOPIC_DEFAULTS, Map.of());
        if (defaults.isEmpty()) {
            return;
        }
        for (String name : defaults.keySet()) {
            if (!TopicConfigRules.known(name)) {
                String key = TOPIC_DEFAULTS + '.' + name;
                throw ConfigException.unknown(key, mapSources.get(key), TopicConfigKeys.KEYS.keySet().stream().map(known -> TOPIC_DEFAULTS + '.' + known).toList());
            }
        }
        try {
            TopicConfigRules.checkSettings(defaults);
        } catch (InvalidConfigurationException refused) {
            throw new ConfigException(TOPIC_DEFAULTS + ": " + refused.getMessage());
        }
    }

    private Object valueOf(SettingSpec spec) {
        if (spec.isMap()) {
            return Map.copyOf(maps.getOrDefault(spec.key(), Map.of()));
        }
        Object given = plain.get(spec.key());
        return given != null ? given
                : spec.parse(spec.defaultText()).orElseThrow(() -> new IllegalStateException("default of " + spec.key() + " is not allowed"));
    }

    /** A record has one canonical constructor, whose parameters are its components in their order. */
    private static Object instantiate(Class<?> type, Object[] values) {
        try {
            Class<?>[] parameters = new Class<?>[values.length];
            RecordComponent[] components = type.getRecordComponents();
            for (int i = 0; i < parameters.length; i++) {
                parameters[i] = components[i].getType();
            }
            Constructor<?> canonical = type.getDeclaredConstructor(parameters);
            return canonical.newInstance(values);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof ConfigException refused) {
                throw refused;
            }
            throw new IllegalStateException(thrown.getCause());
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
