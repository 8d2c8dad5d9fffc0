package io.firn.gateway.cli;

import io.firn.gateway.config.Assignment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was said on the command line of {@code firn up}. Immutable.
 *
 * @param config the settings file
 * @param form the order to form the cluster
 * @param settings in the order in which they win: {@code --set} in their order, then the options that have a name of their own
 */
record UpArguments(Optional<Path> config, boolean form, List<Assignment> settings) {

    /** The options that are short for a setting. */
    private static final Map<String, String> KEYS = Map.of("--data", "data.dir", "--kafka-port", "kafka.port", "--http-port", "http.port");
    private static final String CONFIG = "--config";
    private static final String SET = "--set";
    private static final String FORM = "--form";

    /**
     * @param named values of {@code --config}, {@code --data}, {@code --kafka-port} and {@code --http-port}, as far as given
     * @param set values of {@code --set}
     */
    static UpArguments of(Map<String, String> named, boolean form, List<String> set) {
        List<Assignment> settings = new ArrayList<>();
        set.forEach(setting -> settings.add(Assignment.parse(setting)));
        KEYS.forEach((option, key) -> {
            if (named.containsKey(option)) {
                settings.add(new Assignment(key, named.get(option), option));
            }
        });
        return new UpArguments(Optional.ofNullable(named.get(CONFIG)).map(Path::of), form, settings);
    }

    /**
     * Reads the plain case, {@code --option value} and {@code --option=value}, by hand; nothing for all else (help, errors), which {@link UpCommand} is for.
     * Setting up picocli for five options costs more processor time than reading the settings and opening both listeners.
     */
    static Optional<UpArguments> plain(String... args) {
        Map<String, String> named = new HashMap<>();
        List<String> set = new ArrayList<>();
        boolean form = false;
        for (int i = 0; i < args.length; i++) {
            if (args[i].equals(FORM)) {
                form = true;
                continue;
            }
            int equals = args[i].indexOf('=');
            String option = equals < 0 ? args[i] : args[i].substring(0, equals);
            boolean known = option.equals(SET) || option.equals(CONFIG) || KEYS.containsKey(option);
            if (!known || equals < 0 && (i + 1 == args.length || args[i + 1].startsWith("-"))) {
                return Optional.empty();
            }
            String value = equals < 0 ? args[++i] : args[i].substring(equals + 1);
            if (value.startsWith("\"")) {
                return Optional.empty();
            }
            if (option.equals(SET)) {
                set.add(value);
            } else if (named.put(option, value) != null) {
                return Optional.empty();
            }
        }
        return Optional.of(of(named, form, set));
    }
}
