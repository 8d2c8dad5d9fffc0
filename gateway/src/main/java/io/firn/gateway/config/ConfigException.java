package io.firn.gateway.config;

/** The configuration cannot be used. The message is one line for the operator: key, value (unless secret), source, what is allowed. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int SHOWN_CHARS = 80;

    public ConfigException(String message) {
        super(message.replaceAll("\\s*\\R\\s*", " "));
    }

    static ConfigException notAllowed(SettingSpec spec, String value, String source) {
        String shown = spec.secret() ? "<hidden>" : '\'' + shorten(value) + '\'';
        return new ConfigException(spec.key() + " is " + shown + " (" + source + "): allowed is " + spec.allowed());
    }

    static ConfigException unknown(String key, String source, java.util.Collection<String> known) {
        String hint = Suggestion.nearest(key, known).map(near -> "; did you mean " + near + "?").orElse("");
        return new ConfigException("unknown setting " + shorten(key) + " (" + source + ")" + hint);
    }

    private static String shorten(String text) {
        return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
    }
}
