package io.firn.membership;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/** What may be asked of the controller. Names and config values arrive validated by the gateway; the controller checks them against the view. */
public sealed interface Command {

    /** Registers a broker (at each start). */
    record RegisterBroker(int id, String host, int port, Optional<String> rack) implements Command {}

    /**
     * Creates a topic. Exactly one of ({@code partitions} &gt; 0) and a non-empty {@code assignments} counts.
     *
     * @param id id of the new topic
     * @param replicationFactor -1 for the default
     * @param assignments replicas by partition number, or empty for automatic placement
     */
    record CreateTopic(Uuid id, String name, int partitions, int replicationFactor, Map<Integer, List<Integer>> assignments, Map<String, String> configs) implements Command {}

    record DeleteTopic(Uuid id) implements Command {}

    /** Grows a topic to {@code totalPartitions}; {@code newAssignments} is empty for automatic placement. */
    record AddPartitions(String name, int totalPartitions, List<List<Integer>> newAssignments) implements Command {}

    /** Sets (value present) or removes (value empty) config overrides of a topic, broker ("" is the cluster default) or group. */
    record AlterConfigs(ConfigScope scope, String name, Map<String, Optional<String>> changes) implements Command {}

    /** Takes a block of producer ids; the answer's view has {@code nextProducerId} after the block. */
    record AllocateProducerIds(int count) implements Command {}

    enum ConfigScope { TOPIC, BROKER, GROUP }
}
