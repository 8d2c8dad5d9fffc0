package io.firn.membership.controller;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.ScramCredential;
import io.firn.membership.entry.Entry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Decides changes of quotas and credentials: they stay within the limits. Whether a quota makes sense is the gateway's knowledge. Immutable. */
final class ClientDecisions {

    private final Policy policy;

    ClientDecisions(Policy policy) {
        this.policy = policy;
    }

    Decision alter(ClusterView view, Command.AlterClientQuotas alter) {
        Map<String, Double> current = view.clients().quotas().getOrDefault(alter.entity(), Map.of());
        Map<String, Optional<Double>> changes = alter.changes().entrySet().stream()
                .filter(change -> !change.getValue().equals(Optional.ofNullable(current.get(change.getKey()))))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        if (changes.isEmpty()) {
            return new Decision.Accepted(List.of());
        }
        if (current.isEmpty() && view.clients().quotas().size() >= policy.maxClientResources()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "at most " + policy.maxClientResources() + " users, clients and addresses may have quotas");
        }
        long added = changes.entrySet().stream().filter(change -> change.getValue().isPresent() && !current.containsKey(change.getKey())).count();
        if (current.size() + added > policy.maxConfigsPerResource()) {
            return Decision.refuse(Reason.INVALID_CONFIG, "at most " + policy.maxConfigsPerResource() + " quotas are allowed for one entity");
        }
        boolean tooLong = alter.entity().parts().values().stream().flatMap(Optional::stream).anyMatch(this::tooLong) || changes.keySet().stream().anyMatch(this::tooLong);
        return tooLong ? Decision.refuse(Reason.INVALID_CONFIG, "names have at most " + policy.maxConfigValueChars() + " characters")
                : Decision.accept(new Entry.ClientQuotasChanged(alter.entity(), changes));
    }

    Decision alter(ClusterView view, Command.AlterScramCredential alter) {
        Map<?, ScramCredential> current = view.clients().scram().getOrDefault(alter.user(), Map.of());
        if (alter.credential().isEmpty() && !current.containsKey(alter.mechanism())) {
            return Decision.refuse(Reason.UNKNOWN_CREDENTIAL, "there is no such credential");
        }
        if (alter.credential().equals(Optional.ofNullable(current.get(alter.mechanism())))) {
            return new Decision.Accepted(List.of());
        }
        if (current.isEmpty() && view.clients().scram().size() >= policy.maxClientResources()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "at most " + policy.maxClientResources() + " users may have credentials");
        }
        return tooLong(alter.user()) || alter.credential().filter(this::tooLong).isPresent()
                ? Decision.refuse(Reason.INVALID_CONFIG, "names and salts have at most " + policy.maxConfigValueChars() + " characters or bytes")
                : Decision.accept(new Entry.ScramCredentialChanged(alter.user(), alter.mechanism(), alter.credential()));
    }

    private boolean tooLong(String text) {
        return text.length() > policy.maxConfigValueChars();
    }

    private boolean tooLong(ScramCredential credential) {
        return credential.salt().length > policy.maxConfigValueChars() || credential.storedKey().length > policy.maxConfigValueChars()
                || credential.serverKey().length > policy.maxConfigValueChars();
    }
}
