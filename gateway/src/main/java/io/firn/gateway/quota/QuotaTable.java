package io.firn.gateway.quota;

import io.firn.membership.QuotaEntity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The quotas of one cluster view, and which of them applies to a client: of the eight ways to name it the most exact one that has a quota of the kind asked for. Immutable.
 */
final class QuotaTable {

    static final QuotaTable NONE = new QuotaTable(Map.of());

    private final Map<QuotaEntity, Map<String, Double>> quotas;

    QuotaTable(Map<QuotaEntity, Map<String, Double>> quotas) {
        this.quotas = quotas;
    }

    /** Clients that are counted together: those of one user, of one client id, or of one user and client id. An empty part stands for all. */
    record Counted(Optional<String> user, Optional<String> clientId) {}

    record Applied(Counted counted, double perSecond) {}

    boolean isEmpty() {
        return quotas.isEmpty();
    }

    /** The order is Kafka's: a quota for a user goes before one for a client id, a name before a default. */
    Optional<Applied> of(String user, String clientId, String quota) {
        Optional<Optional<String>> thisUser = Optional.of(Optional.of(user));
        Optional<Optional<String>> thisClient = Optional.of(Optional.of(clientId));
        Optional<Optional<String>> any = Optional.of(Optional.empty());
        Optional<Optional<String>> unnamed = Optional.empty();
        return List.of(entity(thisUser, thisClient), entity(thisUser, any), entity(thisUser, unnamed), entity(any, thisClient), entity(any, any), entity(any, unnamed),
                entity(unnamed, thisClient), entity(unnamed, any)).stream()
                .flatMap(entity -> Optional.ofNullable(quotas.getOrDefault(entity, Map.of()).get(quota)).map(limit -> new Applied(counted(entity, user, clientId), limit)).stream())
                .findFirst();
    }

    private static QuotaEntity entity(Optional<Optional<String>> user, Optional<Optional<String>> clientId) {
        Map<String, Optional<String>> parts = new HashMap<>();
        user.ifPresent(name -> parts.put(QuotaEntity.USER, name));
        clientId.ifPresent(name -> parts.put(QuotaEntity.CLIENT_ID, name));
        return new QuotaEntity(parts);
    }

    private static Counted counted(QuotaEntity entity, String user, String clientId) {
        return new Counted(entity.parts().containsKey(QuotaEntity.USER) ? Optional.of(user) : Optional.empty(),
                entity.parts().containsKey(QuotaEntity.CLIENT_ID) ? Optional.of(clientId) : Optional.empty());
    }
}
