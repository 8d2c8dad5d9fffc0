package io.firn.membership;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * What may be asked of the controller. Names and config values arrive validated by the gateway; the controller checks them against the view. Immutable; the
 * constructors reject what no caller may ask for (a programmer's error), everything else is refused with a reason.
 */
public sealed interface Command {

    /**
     * Registers a broker (at each start). In a cluster it is fenced until {@link UnfenceBroker}, and refused as long as another process of the same id is not fenced. Asking
     * again with the same incarnation changes address and rack only.
     *
     * @param endpoints the first is where clients are told to connect to
     */
    record RegisterBroker(int id, Incarnation incarnation, List<Endpoint> endpoints, Optional<String> rack) implements Command {
        public RegisterBroker {
            require(id >= 0, "broker id must not be negative");
            endpoints = List.copyOf(endpoints);
            require(!endpoints.isEmpty(), "a broker has an endpoint");
            require(endpoints.stream().map(Endpoint::name).distinct().count() == endpoints.size(), "a broker's endpoints have different names");
        }

        /** A single broker. */
        public RegisterBroker(int id, String host, int port, Optional<String> rack) {
            this(id, Incarnation.UNKNOWN, List.of(Endpoint.client(host, port)), rack);
        }
    }

    /**
     * Takes a broker for alive: it may lead and be in sync, and leads at once what nobody else could lead.
     *
     * @param epoch as its registration was given
     * @param appliedVersion newest entry the broker has applied; it must know its own registration
     */
    record UnfenceBroker(int id, long epoch, long appliedVersion) implements Command {}

    /**
     * Takes a broker for dead: others lead where they can, and it is in sync no more unless it was the last that was. Who is alive is decided elsewhere.
     *
     * @param controllerEpoch epoch of the controller that has not heard the broker, and which alone may carry this out: a successor may have heard it since. {@link #ANY_CONTROLLER}: whoever it is
     */
    record FenceBroker(int id, long epoch, int controllerEpoch) implements Command {
        public static final int ANY_CONTROLLER = 0;

        /** Whoever the controller is. */
        public FenceBroker(int id, long epoch) {
            this(id, epoch, ANY_CONTROLLER);
        }
    }

    /** Moves all leaderships of a broker that is about to stop. The answer names the partitions that nobody else could lead. */
    record ShutDownBroker(int id, long epoch) implements Command {}

    /** Forgets a broker that is fenced and holds no replicas. */
    record UnregisterBroker(int id) implements Command {}

    /**
     * Begins to move replicas away from a broker, which gets no new ones from here on; asking again moves more. The answer names the partitions whose move began and those that
     * cannot be moved. The broker may be taken away when no partition names it.
     *
     * @param maxMoves partitions to be moved at once, so that the copying does not take all disks and lines
     */
    record DrainBroker(int id, int maxMoves) implements Command {
        public DrainBroker {
            require(maxMoves >= 0, "a number of moves is not negative");
        }
    }

    /** A broker may get replicas again. Moves that began go on. */
    record EndDrain(int id) implements Command {}

    /**
     * A leader changes who is in sync; the answer says for each partition whether it is done. Where it names all replicas but itself, and all are in sync, it gives up: one of the others leads.
     *
     * @param leader the broker that asks
     * @param brokerEpoch of its registration
     */
    record AlterIsr(int leader, long brokerEpoch, List<IsrChange> changes) implements Command {
        public AlterIsr {
            changes = List.copyOf(changes);
        }
    }

    /**
     * @param leaderEpoch what the leader believes it to be
     * @param partitionEpoch what the leader believes it to be: the change is from that state on
     * @param recovering whether the leader still has to recover from an unclean election
     */
    record IsrChange(Uuid topicId, int partition, int leaderEpoch, int partitionEpoch, List<InSync> isr, boolean recovering) {
        public IsrChange {
            isr = List.copyOf(isr);
        }
    }

    /** @param brokerEpoch of the registration the leader saw fetching, or {@link #ANY_EPOCH} */
    record InSync(int broker, long brokerEpoch) {
        public static final long ANY_EPOCH = -1;
    }

    /** Elects leaders anew; the answer says for each partition whether it is done. @param partitions empty for all; then the answer leaves out those that need no election */
    record ElectLeaders(Election election, Optional<List<TopicPartition>> partitions) implements Command {
        public ElectLeaders {
            partitions = partitions.map(List::copyOf);
        }
    }

    enum Election {
        /** The first replica, where it is in sync. */
        PREFERRED,
        /** Any live replica where there is no leader: what only the lost leaders had is lost. */
        UNCLEAN
    }

    /**
     * Gives preferred leaders their partitions back.
     *
     * @param maxImbalancePercent only for brokers that do not lead more than this part of the partitions they should lead
     * @param maxElections the rest waits for the next time
     */
    record BalanceLeaders(int maxImbalancePercent, int maxElections) implements Command {
        /** Kafka's {@code leader.imbalance.per.broker.percentage}. */
        public static final int DEFAULT_IMBALANCE_PERCENT = 10;

        public BalanceLeaders {
            require(maxImbalancePercent >= 0 && maxElections > 0, "an imbalance is not negative and a number of elections positive");
        }
    }

    /**
     * Begins, replaces or cancels reassignments (KIP-455); the answer says for each partition whether that is done.
     *
     * @param allowFactorChange whether the number of replicas may become another one (KIP-860)
     */
    record ReassignPartitions(List<Reassignment> reassignments, boolean allowFactorChange) implements Command {
        public ReassignPartitions {
            reassignments = List.copyOf(reassignments);
        }
    }

    /** @param replicas where the partition is to be, the preferred leader first; empty cancels what is under way */
    record Reassignment(TopicPartition partition, Optional<List<Integer>> replicas) {
        public Reassignment {
            replicas = replicas.map(List::copyOf);
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

    /**
     * Makes a topic again that another cluster, or this one, has left in the bucket, under its id. Each partition has only its leader in sync, and is {@link PartitionView#recovering} until the leader has taken over what the bucket holds.
     *
     * @param id id it had
     * @param replicationFactor -1 for the default
     * @param leaderEpoch of all its partitions, above any that wrote to the bucket; if this cluster has had the topic and deleted it, at least the one above all of its leaders
     */
    record RestoreTopic(Uuid id, String name, int partitions, int replicationFactor, int leaderEpoch, Map<String, String> configs) implements Command {
        public RestoreTopic {
            require(!id.equals(Uuid.ZERO_UUID), "a topic needs an id");
            require(!name.isEmpty(), "a topic needs a name");
            require(leaderEpoch >= 0, "a leader epoch is not negative");
            configs = Map.copyOf(configs);
        }
    }

    record DeleteTopic(Uuid id) implements Command {}

    /**
     * Makes sure that deleted topics are never restored, so that what is left of them elsewhere may be deleted. Says nothing of the others: the answer's view tells which of them are {@link DeletedTopic#buried}.
     *
     * @param ids at most {@link DeletedTopics#MOST}
     */
    record BuryTopics(List<Uuid> ids) implements Command {
        public BuryTopics {
            ids = List.copyOf(ids);
            require(ids.size() <= DeletedTopics.MOST, "no more topics are buried at once than are remembered");
        }
    }

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
