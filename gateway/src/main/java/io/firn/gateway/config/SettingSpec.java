package io.firn.gateway.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of one setting: its full key, how a text becomes its value, and which values are allowed. Immutable.
 *
 * @param key group, dot, own key: {@code kafka.port}
 * @param defaultText default as a user would write it; empty for none
 * @param secret the value must not be shown
 */
record SettingSpec(String key, Kind kind, String defaultText, String unit, long min, long max, List<String> oneOf, boolean secret, String doc) {

    /** The value types a setting can have. */
    enum Kind { INT, LONG, FLAG, TEXT, PATH, OPTIONAL_TEXT, OPTIONAL_PATH, MAP }

    static SettingSpec of(String group, RecordComponent component) {
        Setting setting = component.getAnnotation(Setting.class);
        if (setting == null) {
            throw new IllegalArgumentException(component + " has no @Setting");
        }
        Kind kind = kindOf(component.getGenericType());
        long max = kind == Kind.INT ? Math.min(setting.max(), Integer.MAX_VALUE) : setting.max();
        long min = kind == Kind.INT ? Math.max(setting.min(), Integer.MIN_VALUE) : setting.min();
        return new SettingSpec(group + '.' + setting.key(), kind, setting.value(), setting.unit(), min, max,
                List.of(setting.oneOf()), setting.secret(), setting.doc());
    }

    private static Kind kindOf(Type type) {
        if (type instanceof ParameterizedType generic) {
            if (generic.getRawType() == Map.class) {
                return Kind.MAP;
            }
            return generic.getActualTypeArguments()[0] == Path.class ? Kind.OPTIONAL_PATH : Kind.OPTIONAL_TEXT;
        }
        if (type == int.class) {
            return Kind.INT;
        }
        if (type == long.class) {
            return Kind.LONG;
        }
        if (type == boolean.class) {
            return Kind.FLAG;
        }
        if (type == Path.class) {
            return Kind.PATH;
        }
        if (type == String.class) {
            return Kind.TEXT;
        }
        throw new IllegalArgumentException("no setting can have the type " + type);
    }

    boolean isMap() {
        return kind == Kind.MAP;
    }

    /** {@code FIRN_KAFKA_PORT} for {@code kafka.port}. */
    String environmentName() {
        return Environment.PREFIX + key.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** The value a text stands for, or nothing if the text is of the wrong type or out of bounds. Not for maps. */
    Optional<Object> parse(String text) {
        return convert(text.strip()).filter(this::accepts);
    }

    private Optional<Object> convert(String text) {
        try {
            return switch (kind) {
                case INT -> Optional.of(Integer.valueOf(text));
                case LONG -> Optional.of(Long.valueOf(text));
                case FLAG -> flag(text);
                case TEXT -> Optional.of(text);
                case PATH -> Optional.of(Path.of(text));
                case OPTIONAL_TEXT -> Optional.of(text.isEmpty() ? Optional.empty() : Optional.of(text));
                case OPTIONAL_PATH -> Optional.of(text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)));
                case MAP -> throw new IllegalStateException(key + " is a map");
            };
        } catch (NumberFormatException | InvalidPathException wrongType) {
            return Optional.empty();
        }
    }

    private static Optional<Object> flag(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> Optional.of(true);
            case "false" -> Optional.of(false);
            default -> Optional.empty();
        };
    }

    /** Whether the value, already of the right type, is within the bounds. */
    boolean accepts(Object value) {
        if (value instanceof Number number) {
            return number.longValue() >= min && number.longValue() <= max;
        }
        if (value instanceof String text) {
            return oneOf.isEmpty() ? !text.isEmpty() : oneOf.contains(text);
        }
        if (value instanceof Path path) {
            return !path.toString().isEmpty();
        }
        return value != null;
    }

    /** The allowed values in words, for errors and the README. */
    String allowed() {
        return switch (kind) {
            case INT, LONG -> "a whole number" + (unit.isEmpty() ? "" : " (" + unit + ")") + range();
            case FLAG -> "true or false";
            case TEXT -> oneOf.isEmpty() ? "a text that is not empty" : String.join(", ", oneOf.subList(0, oneOf.size() - 1)) + " or " + oneOf.get(oneOf.size() - 1);
            case OPTIONAL_TEXT -> "a text";
            case PATH, OPTIONAL_PATH -> "a path";
            case MAP -> "a map of names to values";
        };
    }

    private String range() {
        if (min == Long.MIN_VALUE) {
            return max == Long.MAX_VALUE ? "" : ", at most " + max;
        }
        return max == Long.MAX_VALUE ? ", at least " + min : ", " + min + " to " + max;
    }
}
