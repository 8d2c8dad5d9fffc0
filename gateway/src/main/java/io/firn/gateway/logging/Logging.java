package io.firn.gateway.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import io.firn.gateway.config.BrokerConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets what is logged and how. To be called by a command before it starts anything that logs. */
public final class Logging {

    private static final String FIRN = "io.firn";
    /** Warns of every connection that ends and of every choice of ours that is not its own; what matters of it Firn says itself. */
    private static final String HAZELCAST = "com.hazelcast";
    private static final String STANDARD_ERROR = "System.err";

    private Logging() {}

    /** Logging of a broker: Firn at the configured level, libraries at {@code warn} or less. */
    public static void apply(BrokerConfig.Logging config) {
        Encoder<ILoggingEvent> encoder = config.format().equals("json") ? new JsonLinesEncoder() : new TextEncoder();
        Level level = Level.toLevel(config.level());
        set(context(), encoder, level.isGreaterOrEqual(Level.WARN) ? level : Level.WARN, level);
        context().getLogger(HAZELCAST).setLevel(level.isGreaterOrEqual(Level.INFO) ? Level.ERROR : Level.WARN);
    }

    /** Logging of a tool, which tells its user about errors itself: nothing, or with {@code verbose} what the clients have to say. */
    public static void applyToTool(boolean verbose) {
        Level level = verbose ? Level.INFO : Level.OFF;
        set(context(), new TextEncoder(), level, level);
    }

    static void set(LoggerContext context, Encoder<ILoggingEvent> encoder, Level libraries, Level firn) {
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget(STANDARD_ERROR);
        encoder.setContext(context);
        encoder.start();
        appender.setEncoder(encoder);
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
        root.setLevel(libraries);
        context.getLogger(FIRN).setLevel(firn);
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
