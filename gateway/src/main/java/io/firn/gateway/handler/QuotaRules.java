package io.firn.gateway.handler;

import io.firn.membership.QuotaEntity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntityData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.server.config.QuotaConfig;

/**
 * Whose quotas may be set, which, and to what: Kafka's rules and messages. Pure functions; whether a host name exists is for the caller to find out ({@link #hostName}).
 */
final class QuotaRules {
    private static final Set<String> KINDS = Set.of(QuotaEntity.USER, QuotaEntity.CLIENT_ID, QuotaEntity.IP);
    /** How far from a whole number a limit in bytes or connections may be. */
    private static final double FRACTION = 1e-6;

    private QuotaRules() {}

    /** The parts a request names; of a kind named twice the last counts. */
    static Map<String, Optional<String>> parts(List<EntityData> entity) {
        Map<String, Optional<String>> parts = new HashMap<>();
        entity.forEach(part -> parts.put(part.entityType(), Optional.ofNullable(part.entityName())));
        return parts;
    }

    /** The address in it that has to be resolved to be checked. */
    static Optional<String> hostName(QuotaEntity entity) {
        return entity.parts().getOrDefault(QuotaEntity.IP, Optional.empty());
    }

    /** @throws InvalidRequestException for an entity that cannot have quotas */
    static QuotaEntity entity(Map<String, Optional<String>> parts) {
        check(!parts.isEmpty(), "Invalid empty client quota entity");
        parts.forEach((kind, name) -> {
            check(KINDS.contains(kind), "Unhandled client quota entity type: " + kind);
            check(!name.equals(Optional.of("")), "Empty " + kind + " not supported");
        });
        check(!parts.containsKey(QuotaEntity.IP) || parts.size() == 1, "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId");
        return new QuotaEntity(parts);
    }

    /** @throws InvalidRequestException for a quota the entity cannot have, or a value that cannot be */
    static Map<String, Optional<Double>> changes(QuotaEntity entity, List<OpData> operations) {
        Map<String, ConfigKey> known = (entity.parts().containsKey(QuotaEntity.IP) ? QuotaConfig.ipConfigs() : QuotaConfig.userAndClientQuotaConfigs()).configKeys();
        Map<String, Optional<Double>> changes = new HashMap<>();
        for (OpData operation : operations) {
            if (!operation.remove()) {
                checkValue(known, operation.key(), operation.value());
            }
            changes.put(operation.key(), operation.remove() ? Optional.empty() : Optional.of(operation.value()));
        }
        return changes;
    }

    private static void checkValue(Map<String, ConfigKey> known, String key, double value) {
        ConfigKey config = known.get(key);
        check(config != null, "Invalid configuration key " + key);
        // Not "value > 0": as in Kafka, what is not a number passes.
        check(!(value <= 0), "Quota " + key + " must be greater than 0");
        switch (config.type()) {
            case INT -> checkWhole(key, value, Integer.MAX_VALUE, "an INT");
            case LONG -> checkWhole(key, value, Long.MAX_VALUE, "a LONG");
            default -> { }
        }
    }

    private static void checkWhole(String key, double value, double most, String type) {
        check(!(value > most), "Proposed value for " + key + " is too large for " + type + ".");
        check(!(Math.abs(value % 1.0) > FRACTION), key + " cannot be a fractional value.");
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new InvalidRequestException(message);
        }
    }
}
