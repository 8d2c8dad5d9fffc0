package io.firn.gateway.handler;

import io.firn.gateway.handler.ConfigChanges.Operation;
import io.firn.gateway.logging.LoggerLevels;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.LogLevelConfig;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The levels of this broker's loggers as the configs of a resource (KIP-412), with Kafka's rules and messages. They belong to the process, so they are neither stored nor part of the cluster
 * view.
 *
 * <p>Threading: thread-safe. Levels change at once, on the loop that asks: it takes no more than a few field writes.
 */
final class BrokerLoggers {
    private static final Logger log = LoggerFactory.getLogger(BrokerLoggers.class);

    private final int brokerId;

    BrokerLoggers(int brokerId) {
        this.brokerId = brokerId;
    }

    /** @param wanted names, or none for all. @throws InvalidRequestException for another broker's */
    List<DescribeConfigsResourceResult> describe(String resource, Set<String> wanted) {
        if (resource.isEmpty()) {
            throw new InvalidRequestException("Broker id must not be empty");
        }
        int id = id(resource, "Broker");
        if (id != brokerId) {
            throw new InvalidRequestException("Unexpected broker id, expected " + brokerId + " but received " + resource);
        }
        return LoggerLevels.all().entrySet().stream().filter(logger -> wanted.isEmpty() || wanted.contains(logger.getKey()))
                .map(logger -> new DescribeConfigsResourceResult().setName(logger.getKey()).setValue(logger.getValue()).setReadOnly(false)
                        .setConfigSource(ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG.id())).toList();
    }

    private static int id(String resource, String word) {
        try {
            return Integer.parseInt(resource);
        } catch (NumberFormatException e) {
            throw new InvalidRequestException(word + " id must be an integer, but it is: " + resource);
        }
    }

    /** Does all of them or, when one is wrong, none. @throws org.apache.kafka.common.errors.ApiException what is wrong */
    void alter(String resource, List<Operation> operations, boolean validateOnly) {
        int id = id(resource, "Node");
        if (id != brokerId) {
            throw new InvalidRequestException("Unexpected node id. Expected " + brokerId + ", but received " + id);
        }
        operations.forEach(BrokerLoggers::check);
        if (!validateOnly) {
            operations.forEach(BrokerLoggers::apply);
        }
    }

    private static void check(Operation operation) {
        if (operation.type() == OpType.APPEND || operation.type() == OpType.SUBTRACT) {
            throw new InvalidRequestException(operation.type() + " operation is not allowed for the BROKER_LOGGER resource");
        }
        if (!LoggerLevels.exists(operation.name())) {
            throw new InvalidConfigurationException("Logger " + operation.name() + " does not exist!");
        }
        if (operation.type() == OpType.DELETE && operation.name().equals(LoggerLevels.ROOT)) {
            throw new InvalidRequestException("Removing the log level of the " + LoggerLevels.ROOT + " logger is not allowed");
        }
        operation.value().filter(level -> operation.type() == OpType.SET && !LogLevelConfig.VALID_LOG_LEVELS.contains(level)).ifPresent(level -> {
            throw new InvalidConfigurationException("Cannot set the log level of " + operation.name() + " to " + level + " as it is not a supported log level. Valid log levels are "
                    + String.join(", ", new TreeSet<>(LogLevelConfig.VALID_LOG_LEVELS)));
        });
    }

    private static void apply(Operation operation) {
        if (operation.type() == OpType.DELETE) {
            LoggerLevels.unset(operation.name());
        } else {
            LoggerLevels.set(operation.name(), operation.value().orElseThrow());
        }
        log.atWarn().addKeyValue("logger", operation.name()).addKeyValue("level", operation.value().orElse("as its parent's")).log("Log level changed by an administrator");
    }
}
