package io.firn.membership.controller;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Decides changes of config overrides: the resource exists, and stays within the limits. Whether a value makes sense is the gateway's knowledge. Immutable. */
final class ConfigDecisions {

    private final Policy policy;

    ConfigDecisions(Policy policy) {
        this.policy = policy;
    }

    Decision alter(ClusterView view, Command.AlterConfigs alter) {
        Optional<Decision> unknown = checkResource(view, alter);
        if (unknown.isPresent()) {
            return unknown.get();
        }
        Map<String, String> current = current(view, alter);
        Map<String, Optional<String>> changes = effective(current, alter.changes());
        if (changes.isEmpty()) {
            return new Decision.Accepted(List.of());
        }
        if (alter.scope() == ConfigScope.CLIENT_METRICS && current.isEmpty() && view.clients().metrics().size() >= policy.maxClientResources()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "at most " + policy.maxClientResources() + " client metrics subscriptions are allowed");
        }
        if (alter.scope() == ConfigScope.GROUP && current.isEmpty() && view.groupConfigs().size() >= policy.maxConfiguredGroups()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "at most " + policy.maxConfiguredGroups() + " groups may have configs of their own");
        }
        long added = changes.entrySet().stream().filter(change -> change.getValue().isPresent() && !current.containsKey(change.getKey())).count();
        long removed = changes.values().stream().filter(Optional::isEmpty).count();
        if (current.size() + added - removed > policy.maxConfigsPerResource()) {
            return Decision.refuse(Reason.INVALID_CONFIG, "at most " + policy.maxConfigsPerResource() + " overrides are allowed on one resource");
        }
        Optional<String> tooLong = changes.entrySet().stream().filter(change -> tooLong(change.getKey()) || change.getValue().filter(this::tooLong).isPresent())
                .map(Map.Entry::getKey).findAny();
        return tooLong.isPresent() ? refuseLength() : accept(view, new Entry.ConfigsChanged(alter.scope(), alter.name(), changes));
    }

    /** Where unclean elections become allowed, partitions without a leader get one at once. */
    private Decision accept(ClusterView view, Entry.ConfigsChanged changed) {
        boolean broad = changed.scope() == ConfigScope.TOPIC || changed.scope() == ConfigScope.BROKER && changed.name().isEmpty();
        if (!broad || !changed.changes().containsKey(Cluster.UNCLEAN_ELECTION)) {
            return Decision.accept(changed);
        }
        List<Entry> entries = new ArrayList<>(List.of(changed));
        entries.addAll(Cluster.of(changed.applyTo(view), policy).electMissing().entries());
        return new Decision.Accepted(entries);
    }

    /** The refusal of a new topic's configs, if they are too many or too long. */
    Optional<Decision> checkNew(Map<String, String> configs) {
        if (configs.size() > policy.maxConfigsPerResource()) {
            return Optional.of(Decision.refuse(Reason.INVALID_CONFIG, "at most " + policy.maxConfigsPerResource() + " overrides are allowed on one resource"));
        }
        boolean tooLong = configs.entrySet().stream().anyMatch(config -> tooLong(config.getKey()) || tooLong(config.getValue()));
        return tooLong ? Optional.of(refuseLength()) : Optional.empty();
    }

    private Optional<Decision> checkResource(ClusterView view, Command.AlterConfigs alter) {
        return switch (alter.scope()) {
            case TOPIC -> view.topic(alter.name()).isPresent() ? Optional.empty() : refused(Reason.UNKNOWN_TOPIC, "there is no topic named " + alter.name());
            case BROKER -> alter.name().isEmpty() || brokerId(alter.name()).filter(view.brokers()::containsKey).isPresent() ? Optional.empty()
                    : refused(Reason.UNKNOWN_BROKER, "there is no broker " + alter.name());
            case GROUP -> !alter.name().isEmpty() && !tooLong(alter.name()) ? Optional.empty()
                    : refused(Reason.INVALID_CONFIG, "a group id has 1 to " + policy.maxConfigValueChars() + " characters");
            case CLIENT_METRICS -> !alter.name().isEmpty() && !tooLong(alter.name()) ? Optional.empty()
                    : refused(Reason.INVALID_CONFIG, "a subscription's name has 1 to " + policy.maxConfigValueChars() + " characters");
        };
    }

    private static Map<String, String> current(ClusterView view, Command.AlterConfigs alter) {
        return switch (alter.scope()) {
            case TOPIC -> view.topic(alter.name()).map(TopicView::configs).orElseThrow();
            case BROKER -> view.brokerConfigs().getOrDefault(alter.name().isEmpty() ? ClusterView.ALL_BROKERS : Integer.parseInt(alter.name()), Map.of());
            case GROUP -> view.groupConfigs().getOrDefault(alter.name(), Map.of());
            case CLIENT_METRICS -> view.clients().metrics().getOrDefault(alter.name(), Map.of());
        };
    }

    private static Map<String, Optional<String>> effective(Map<String, String> current, Map<String, Optional<String>> changes) {
        return changes.entrySet().stream().filter(change -> !change.getValue().equals(Optional.ofNullable(current.get(change.getKey()))))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Canonical decimal digits only, so that one broker has one name. */
    private static Optional<Integer> brokerId(String name) {
        return name.matches("0|[1-9]\\d{0,8}") ? Optional.of(Integer.valueOf(name)) : Optional.empty();
    }

    private boolean tooLong(String text) {
        return text.length() > policy.maxConfigValueChars();
    }

    private Decision refuseLength() {
        return Decision.refuse(Reason.INVALID_CONFIG, "config names and values have at most " + policy.maxConfigValueChars() + " characters");
    }

    private static Optional<Decision> refused(Reason reason, String message) {
        return Optional.of(Decision.refuse(reason, message));
    }
}
