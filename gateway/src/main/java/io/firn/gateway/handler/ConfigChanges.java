package io.firn.gateway.handler;

import io.firn.gateway.config.BrokerConfigRules;
import io.firn.gateway.config.ConfigEntry;
import io.firn.gateway.config.TopicConfigEntries;
import io.firn.gateway.config.TopicConfigRules;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.telemetry.ClientMetricsEntries;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Decides what a change of configs comes to: the new overrides of one resource, checked as a whole, or what is wrong. No effects.
 *
 * <p>Threading: immutable.
 */
final class ConfigChanges {
    /** Longest value, in characters: what the controller takes. Checked here too, so that validate-only tells the truth. */
    static final int MAX_VALUE_LENGTH = 8_192;

    private final int brokerId;
    private final TopicConfigRules topicRules;
    private final TopicConfigEntries topicEntries;
    private final Supplier<GroupSettings> groupSettings;

    ConfigChanges(int brokerId, TopicConfigRules topicRules, TopicConfigEntries topicEntries, Supplier<GroupSettings> groupSettings) {
        this.brokerId = brokerId;
        this.topicRules = topicRules;
        this.topicEntries = topicEntries;
        this.groupSettings = groupSettings;
    }

    /** One change of one config. {@code value} is empty only for DELETE. */
    record Operation(String name, OpType type, Optional<String> value) {}

    /** The overrides a resource has now. */
    static Map<String, String> present(ClusterView view, ConfigTarget target) {
        return switch (target.scope()) {
            case TOPIC -> view.topic(target.name()).orElseThrow(() -> new UnknownTopicOrPartitionException("The topic '" + target.name() + "' does not exist.")).configs();
            case BROKER -> view.brokerConfigs().getOrDefault(target.broker(), Map.of());
            case GROUP -> view.groupConfigs().getOrDefault(target.name(), Map.of());
            case CLIENT_METRICS -> view.clients().metrics().getOrDefault(target.name(), Map.of());
        };
    }

    /** As {@link #present}, but none of a topic that does not exist: whether it does is asked last, as in Kafka. */
    private static Map<String, String> presentIfAny(ClusterView view, ConfigTarget target) {
        return target.scope() == ConfigScope.TOPIC && view.topic(target.name()).isEmpty() ? Map.of() : present(view, target);
    }

    /** IncrementalAlterConfigs: the command for these operations. */
    AlterConfigs incremental(ClusterView view, ConfigTarget target, List<Operation> operations) {
        Map<String, String> present = presentIfAny(view, target);
        Map<String, String> next = new HashMap<>(present);
        operations.forEach(operation -> apply(view, target, present, next, operation));
        return checked(view, target, present, next);
    }

    /** AlterConfigs: the command that makes these all the overrides there are. */
    AlterConfigs replacing(ClusterView view, ConfigTarget target, List<Operation> operations) {
        Map<String, String> next = new HashMap<>();
        operations.forEach(operation -> next.put(operation.name(), value(operation)));
        return checked(view, target, presentIfAny(view, target), next);
    }

    /** What can be wrong with operations whatever they are about; to be asked first, as Kafka does. @throws InvalidRequestException for a name given twice or a value that is missing */
    static void checkShape(List<Operation> operations) {
        Set<String> seen = new HashSet<>();
        if (!operations.stream().map(Operation::name).allMatch(seen::add)) {
            throw new InvalidRequestException("Error due to duplicate config keys");
        }
        List<String> missing = operations.stream().filter(operation -> operation.type() != OpType.DELETE && operation.value().isEmpty()).map(Operation::name).toList();
        if (!missing.isEmpty()) {
            throw new InvalidRequestException("Null value not supported for : " + String.join(", ", missing));
        }
    }

    private void apply(ClusterView view, ConfigTarget target, Map<String, String> present, Map<String, String> next, Operation operation) {
        switch (operation.type()) {
            case SET -> next.put(operation.name(), value(operation));
            case DELETE -> next.remove(operation.name());
            case APPEND, SUBTRACT -> next.put(operation.name(), edited(view, target, present, operation));
        }
    }

    private static String value(Operation operation) {
        return operation.value().orElseThrow();
    }

    /** A list with entries added (those it has not) or taken away. It starts from what is in force, be it an override or not. */
    private String edited(ClusterView view, ConfigTarget target, Map<String, String> present, Operation operation) {
        boolean list = switch (target.scope()) {
            case TOPIC -> TopicConfigRules.list(operation.name());
            case BROKER -> BrokerConfigRules.list(operation.name());
            case GROUP, CLIENT_METRICS -> false;
        };
        if (!list) {
            throw new InvalidConfigurationException(target.scope() == ConfigScope.BROKER
                    ? "Config value " + operation.type().name().toLowerCase(Locale.ROOT) + " is not allowed for config key: " + operation.name()
                    : "Can't " + operation.type() + " to key " + operation.name() + " because its type is not LIST.");
        }
        List<String> parts = new ArrayList<>(parts(present.getOrDefault(operation.name(), inForce(view, target, operation.name()))));
        for (String part : Arrays.stream(value(operation).split(",")).map(String::trim).toList()) {
            if (operation.type() == OpType.SUBTRACT) {
                parts.remove(part);
            } else if (!parts.contains(part)) {
                parts.add(part);
            }
        }
        return String.join(",", parts);
    }

    private static List<String> parts(String list) {
        return Arrays.stream(list.split(",")).map(String::trim).filter(part -> !part.isEmpty()).toList();
    }

    private String inForce(ClusterView view, ConfigTarget target, String name) {
        List<ConfigEntry> entries = target.scope() == ConfigScope.TOPIC ? topicEntries.ofTopic(view, Map.of()) : topicEntries.ofBroker(view);
        return entries.stream().filter(entry -> entry.name().equals(name)).findFirst().flatMap(ConfigEntry::value).orElse("");
    }

    private AlterConfigs checked(ClusterView view, ConfigTarget target, Map<String, String> present, Map<String, String> next) {
        if (next.values().stream().anyMatch(value -> value.length() > MAX_VALUE_LENGTH)) {
            throw new InvalidConfigurationException("The configuration value cannot be added because it exceeds the maximum value size of " + MAX_VALUE_LENGTH + " characters.");
        }
        switch (target.scope()) {
            case TOPIC -> topicRules.checkChange(view, present, next);
            case BROKER -> BrokerConfigRules.check(next);
            case GROUP -> groupSettings.get().check(next);
            case CLIENT_METRICS -> ClientMetricsEntries.check(target.name(), next);
        }
        present(view, target); // throws for a topic that does not exist
        Map<String, Optional<String>> changes = new HashMap<>();
        present.keySet().stream().filter(name -> !next.containsKey(name)).forEach(name -> changes.put(name, Optional.empty()));
        next.forEach((name, value) -> {
            if (!value.equals(present.get(name))) {
                changes.put(name, Optional.of(value));
            }
        });
        return new AlterConfigs(target.scope(), target.name(), changes);
    }

    /** Whether a broker is this one, or all; to be asked before anything of what is to be changed, as Kafka does. @throws InvalidRequestException for another */
    void checkBroker(ConfigTarget target) {
        if (target.scope() == ConfigScope.BROKER && !target.name().isEmpty() && target.broker() != brokerId) {
            throw new InvalidRequestException("Unexpected broker id, expected " + brokerId + ", but received " + target.name());
        }
    }
}
