package io.firn.membership;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * What may be asked of the controller. Names and config values arrive validated by the gateway; the controller checks them against the view. Immutable; the
 * constructors reject what no caller may ask for (a programmer's error), everything else is refused with a reason.
 */
public sealed interface Command {

    /** Registers a broker (at each start). */
    record RegisterBroker(int id, String host, int port, Optional<String> rack) implements Command {
        public RegisterBroker {
            require(id >= 0, "broker id must not be negative");
            require(!host.isEmpty(), "host must not be empty");
            require(port >= 0 && port <= 65535, "port must be a TCP port");
        }
    }

    /**
     * Creates a topic. Exactly one of ({@code partitions} &gt; 0) and a non-empty {@code assignments} counts.
     *
     * @param id id of the new topic
     * @param replicationFactor -1 for the default
     * @param assignments replicas by partition number, or empty for automatic placement
     */
    record CreateTopic(Uuid id, String name, int partitions, int replicationFactor, Map<Integer, List<Integer>> assignments, Map<String, String> configs) implements Command {
        public CreateTopic {
            require(!id.equals(Uuid.ZERO_UUID), "a topic needs an id");
            require(!name.isEmpty(), "a topic needs a name");
            assignments = Map.copyOf(assignments);
            configs = Map.copyOf(configs);
        }
    }

    record DeleteTopic(Uuid id) implements Command {}

    /** Grows a topic to {@code totalPartitions}; {@code newAssignments} is empty for automatic placement. */
    record AddPartitions(String name, int totalPartitions, List<List<Integer>> newAssignments) implements Command {
        public AddPartitions {
            newAssignments = List.copyOf(newAssignments);
        }
    }

    /** Sets (value present) or removes (value empty) config overrides of a topic, broker ("" is the cluster default), group or client metrics subscription. */
    record AlterConfigs(ConfigScope scope, String name, Map<String, Optional<String>> changes) implements Command {
        public AlterConfigs {
            changes = Map.copyOf(changes);
        }
    }

    /**
     * Takes a block of producer ids; the answer's view has {@code nextProducerId} after the block.
     *
     * @param count 1 to {@link #MAX_PRODUCER_IDS}
     */
    record AllocateProducerIds(int count) implements Command {
        /** Largest block: a broker that crashes loses at most so many of 2^63 ids. */
        public static final int MAX_PRODUCER_IDS = 1_000_000;

        public AllocateProducerIds {
            require(count >= 1 && count <= MAX_PRODUCER_IDS, "a block has 1 to 1000000 producer ids");
        }
    }

    /** Sets (value present) or removes (value empty) limits of one entity. */
    record AlterClientQuotas(QuotaEntity entity, Map<String, Optional<Double>> changes) implements Command {
        public AlterClientQuotas {
            changes = Map.copyOf(changes);
        }
    }

    /** Sets (present) or removes (empty) the credential of a user for one mechanism. */
    record AlterScramCredential(String user, ScramMechanism mechanism, Optional<ScramCredential> credential) implements Command {
        public AlterScramCredential {
            require(!user.isEmpty(), "a user needs a name");
        }
    }

    enum ConfigScope { TOPIC, BROKER, GROUP, CLIENT_METRICS }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }
}
