package io.firn.gateway.config;

/**
 * One setting as somebody wrote it, and where.
 *
 * @param key full key, {@code kafka.port}
 * @param source for errors: {@code --set}, {@code firn.yaml line 3}, {@code FIRN_KAFKA_PORT}
 */
public record Assignment(String key, String value, String source) {

    /**
     * Reads {@code key=value} of a {@code --set} option.
     *
     * @throws ConfigException if there is no key or no equals sign
     */
    public static Assignment parse(String keyAndValue) {
        int equals = keyAndValue.indexOf('=');
        if (equals <= 0) {
            throw new ConfigException("--set takes key=value, but no key was given in one of them");
        }
        return new Assignment(keyAndValue.substring(0, equals).strip(), keyAndValue.substring(equals + 1), "--set");
    }
}
