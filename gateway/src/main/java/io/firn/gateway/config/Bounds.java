package io.firn.gateway.config;

import java.util.List;

/** The check every settings record makes of its own components, so that no record out of bounds can exist, whoever makes it. */
final class Bounds {

    private Bounds() {}

    /**
     * Checks the components of {@code group} against their {@link Setting}s.
     *
     * @param values in the order of the components
     * @throws ConfigException naming the first value that is not allowed, and what is
     */
    static void check(Class<? extends Record> group, Object... values) {
        List<SettingSpec> specs = Schema.group(group);
        if (specs.size() != values.length) {
            throw new IllegalArgumentException(group + " has " + specs.size() + " components, not " + values.length);
        }
        for (int i = 0; i < values.length; i++) {
            SettingSpec spec = specs.get(i);
            if (!spec.accepts(values[i])) {
                throw ConfigException.notAllowed(spec, String.valueOf(values[i]), "given in code");
            }
        }
    }
}
