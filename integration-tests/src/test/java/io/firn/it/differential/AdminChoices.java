package io.firn.it.differential;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Values for the fields of requests about clients' quotas and credentials, features, ACLs and tokens, where those mean something else by the same name. Quotas that are set are so large that they slow nobody
 * down, and features are only asked about. For one thread.
 */
final class AdminChoices {

    private static final double ODD = 0.06;
    private static final List<String> QUOTAS = List.of("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate", "connection_creation_rate");
    /** Of both brokers, with the level both have. */
    private static final Map<String, Integer> FEATURES = Map.of("group.version", 1, "share.version", 1, "streams.version", 1, "transaction.version", 2);

    private final Random random;
    private final World world;
    private final ApiKeys api;
    private String feature = "";

    AdminChoices(Random random, World world, ApiKeys api) {
        this.random = random;
        this.world = world;
        this.api = api;
    }

    private boolean odd() {
        return random.nextDouble() < ODD;
    }

    @SafeVarargs
    private <T> T any(T... values) {
        return values[random.nextInt(values.length)];
    }

    /** Empty where the usual choice is right; otherwise a value, which may be null. */
    Optional<Choice> named(String name) {
        return switch (api) {
            case ALTER_CLIENT_QUOTAS, DESCRIBE_CLIENT_QUOTAS -> quota(name);
            case ALTER_USER_SCRAM_CREDENTIALS, DESCRIBE_USER_SCRAM_CREDENTIALS -> credential(name);
            case UPDATE_FEATURES -> feature(name);
            case CREATE_ACLS, DELETE_ACLS, DESCRIBE_ACLS -> acl(name);
            case CREATE_DELEGATION_TOKEN, RENEW_DELEGATION_TOKEN, EXPIRE_DELEGATION_TOKEN, DESCRIBE_DELEGATION_TOKEN -> token(name);
            case SASL_HANDSHAKE -> name.equals("mechanism") ? of(any("PLAIN", "SCRAM-SHA-256", "")) : Optional.empty();
            case UNREGISTER_BROKER -> name.equals("broker_id") ? of(any(7, -1)) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** A chosen value; null is one. */
    record Choice(Object value) {}

    private static Optional<Choice> of(Object value) {
        return Optional.of(new Choice(value));
    }

    private Optional<Choice> quota(String name) {
        return switch (name) {
            case "entity_type" -> of(odd() ? any("", "nonsense", "User") : any("user", "client-id", "user", "client-id", "ip"));
            case "entity_name", "match" -> of(odd() ? any("", "no such host") : any(null, world.prefix + "ann", world.prefix + "bob", "10.1.1.1", "10.1.1.2"));
            case "match_type" -> of(odd() ? any(3, -1) : any(0, 1, 2));
            case "key" -> of(odd() ? any("", "no_such_rate", "Producer_byte_rate") : QUOTAS.get(random.nextInt(QUOTAS.size())));
            case "value" -> of(odd() ? any(0.0, -1.0, 1e300, 1_234_567.5, 3e9, -0.0) : any(1e9, 2e9, 1_000_000_000.0, 1_500_000_000.25));
            case "remove" -> of(random.nextInt(4) == 0);
            case "strict" -> of(random.nextBoolean());
            default -> Optional.empty();
        };
    }

    private Optional<Choice> credential(String name) {
        return switch (name) {
            case "name" -> of(odd() ? any("", world.prefix + "nobody") : any(world.prefix + "ann", world.prefix + "bob", world.prefix + "cid"));
            case "mechanism" -> of(odd() ? any(0, 3, -1) : any(1, 2));
            case "iterations" -> of(odd() ? any(0, 4_095, 16_385, -1) : any(4_096, 8_192, 16_384));
            case "salt" -> of(ByteBuffer.wrap(new byte[odd() ? 0 : 32]));
            case "salted_password" -> of(ByteBuffer.wrap(new byte[32])); // never empty: Kafka's handler dies of it after half of the work
            default -> Optional.empty();
        };
    }

    private Optional<Choice> feature(String name) {
        return switch (name) {
            case "feature" -> {
                feature = odd() ? any("no.such.version", "") : List.copyOf(new java.util.TreeSet<>(FEATURES.keySet())).get(random.nextInt(FEATURES.size()));
                yield of(feature);
            }
            case "max_version_level" -> of(odd() ? any(99, -1) : FEATURES.getOrDefault(feature, 1));
            case "upgrade_type" -> of(odd() ? any(0, 4, -1) : any(1, 1, 2, 3));
            case "allow_downgrade" -> of(random.nextBoolean());
            default -> Optional.empty();
        };
    }

    private Optional<Choice> acl(String name) {
        return switch (name) {
            case "resource_type", "resource_type_filter" -> of(odd() ? any(0, 99, -1) : any(1, 2, 3, 4, 5, 6, 7));
            case "resource_name", "resource_name_filter", "principal", "principal_filter", "host", "host_filter" -> of(odd() ? any("", null) : any("x", "*", "User:ann", "10.1.1.1"));
            case "resource_pattern_type", "pattern_type_filter" -> of(odd() ? any(0, 99) : any(1, 2, 3, 4));
            case "operation" -> of(odd() ? any(0, 99) : any(1, 2, 3, 4));
            case "permission_type" -> of(odd() ? any(0, 99) : any(1, 2, 3));
            default -> Optional.empty();
        };
    }

    private Optional<Choice> token(String name) {
        return switch (name) {
            case "principal_type", "owner_principal_type" -> of(odd() ? any("", "Group") : "User");
            case "principal_name", "owner_principal_name" -> of(odd() ? "" : any(world.prefix + "ann", "ANONYMOUS"));
            case "max_lifetime_ms", "renew_period_ms", "expiry_time_period_ms" -> of(odd() ? any(0, -5) : any(-1, 60_000));
            default -> Optional.empty();
        };
    }

    /** What the schema's single fields cannot say: nothing that is asked about features is ever done. */
    void agree(Map<String, Object> body) {
        if (api == ApiKeys.UPDATE_FEATURES) {
            body.put("validate_only", true);
        }
    }
}
