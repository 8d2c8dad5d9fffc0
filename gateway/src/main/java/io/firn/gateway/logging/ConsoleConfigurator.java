package io.firn.gateway.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * What logback finds first: text on standard error, Firn at {@code info} (tests: the system property {@value #LEVEL}) and libraries at {@code warn}, until a
 * command says otherwise.
 * It ends the search, so that no XML parser is loaded. Made by {@link java.util.ServiceLoader}.
 */
@ConfiguratorRank(ConfiguratorRank.CUSTOM_TOP_PRIORITY)
public final class ConsoleConfigurator extends ContextAwareBase implements Configurator {

    private static final String LEVEL = "firn.logging.level";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        Logging.set(context, new TextEncoder(), Level.WARN, Level.toLevel(System.getProperty(LEVEL), Level.INFO));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
