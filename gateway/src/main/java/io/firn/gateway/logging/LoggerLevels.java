package io.firn.gateway.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.LoggerFactory;

/** The loggers of this process and how much each says, read and changed while it runs; a restart brings the configured levels back. Thread-safe, as logback is. */
public final class LoggerLevels {
    /** What Kafka's tools call the logger all others come from. */
    public static final String ROOT = "root";

    private LoggerLevels() {}

    /** Each logger's level in force, by name. */
    public static Map<String, String> all() {
        Map<String, String> levels = new TreeMap<>();
        context().getLoggerList().forEach(logger -> levels.put(shown(logger), logger.getEffectiveLevel().toString()));
        return levels;
    }

    public static boolean exists(String name) {
        return name.equals(ROOT) || context().exists(name) != null;
    }

    /** @param level a name that logback knows, or FATAL, which it does not tell from ERROR */
    public static void set(String name, String level) {
        logger(name).setLevel(level.equals("FATAL") ? Level.ERROR : Level.valueOf(level));
    }

    /** Makes it say as much as the one it comes from; not to be called for {@link #ROOT}. */
    public static void unset(String name) {
        logger(name).setLevel(null);
    }

    private static Logger logger(String name) {
        return context().getLogger(name.equals(ROOT) ? Logger.ROOT_LOGGER_NAME : name);
    }

    private static String shown(Logger logger) {
        return logger.getName().equals(Logger.ROOT_LOGGER_NAME) ? ROOT : logger.getName();
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
