package io.firn.gateway.handler;

import io.firn.gateway.config.TopicConfigRules;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.CreateTopic;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;

/**
 * Decides whether a topic may be created as asked, with Kafka's rules, errors and messages. No effects.
 *
 * <p>Threading: immutable.
 */
final class NewTopics {
    /** Partitions one request may create in all; Kafka's controller has the same limit. */
    static final int MAX_PARTITIONS_PER_REQUEST = 10_000;
    /** Kafka's {@code default.replication.factor}. */
    static final int DEFAULT_REPLICATION_FACTOR = 1;

    private final TopicConfigRules rules;
    private final int defaultPartitions;

    NewTopics(TopicConfigRules rules, int defaultPartitions) {
        this.rules = rules;
        this.defaultPartitions = defaultPartitions;
    }

    /** A topic asked for by its name only. */
    static CreatableTopic named(String name) {
        return new CreatableTopic().setName(name).setNumPartitions(-1).setReplicationFactor((short) -1);
    }

    /** The names that one request has more than once. */
    static Set<String> repeated(Stream<String> names) {
        Set<String> seen = new HashSet<>();
        return names.filter(name -> !seen.add(name)).collect(Collectors.toSet());
    }

    /** Fails with {@link PolicyViolationException} when all topics of a request together are too many partitions. */
    void checkTotal(Iterable<CreatableTopic> topics) {
        long total = 0;
        for (CreatableTopic topic : topics) {
            total += topic.assignments().isEmpty() ? partitionsOf(topic) : topic.assignments().size();
        }
        if (total > MAX_PARTITIONS_PER_REQUEST) {
            throw new PolicyViolationException("Excessively large number of partitions per request.");
        }
    }

    /**
     * The command that creates the topic, with no default left open.
     *
     * @throws org.apache.kafka.common.errors.ApiException what is wrong with it
     */
    CreateTopic check(ClusterView view, CreatableTopic topic) {
        checkName(view, topic.name());
        Map<String, String> configs = configs(topic);
        rules.checkNew(view, configs);
        return topic.assignments().isEmpty() ? placed(view, topic, configs) : assigned(view, topic, configs);
    }

    private static void checkName(ClusterView view, String name) {
        Topic.validate(name);
        if (view.topics().containsKey(name)) {
            throw new TopicExistsException("Topic '" + name + "' already exists.");
        }
        if (Topic.hasCollisionChars(name)) {
            view.topics().keySet().stream().filter(other -> Topic.hasCollision(name, other)).findFirst().ifPresent(other -> {
                throw new InvalidTopicException("Topic '" + name + "' collides with existing topic: " + other);
            });
        }
    }

    private static Map<String, String> configs(CreatableTopic topic) {
        List<String> missing = topic.configs().stream().filter(config -> config.value() == null).map(CreatableTopicConfig::name).toList();
        if (!missing.isEmpty()) {
            throw new InvalidConfigurationException("Null value not supported for topic configs: " + String.join(",", missing));
        }
        Map<String, String> configs = new HashMap<>();
        topic.configs().forEach(config -> configs.put(config.name(), config.value()));
        return configs;
    }

    private CreateTopic placed(ClusterView view, CreatableTopic topic, Map<String, String> configs) {
        if (topic.replicationFactor() < -1 || topic.replicationFactor() == 0) {
            throw new InvalidReplicationFactorException("Replication factor must be larger than 0, or -1 to use the default value.");
        }
        if (topic.numPartitions() < -1 || topic.numPartitions() == 0) {
            throw new InvalidPartitionsException("Number of partitions was set to an invalid non-positive value.");
        }
        int factor = topic.replicationFactor() == -1 ? DEFAULT_REPLICATION_FACTOR : topic.replicationFactor();
        if (view.liveBrokers().isEmpty()) {
            throw new InvalidReplicationFactorException("Unable to replicate the partition " + factor + " time(s): All brokers are currently fenced.");
        }
        if (factor > view.brokers().size()) {
            throw new InvalidReplicationFactorException("Unable to replicate the partition " + factor + " time(s): The target replication factor of "
                    + factor + " cannot be reached because only " + view.brokers().size() + " broker(s) are registered or some brokers have all their log directories cordoned.");
        }
        return new CreateTopic(Uuid.randomUuid(), topic.name(), partitionsOf(topic), factor, Map.of(), configs);
    }

    /** How many partitions a checked topic gets. */
    static int partitions(CreateTopic checked) {
        return checked.assignments().isEmpty() ? checked.partitions() : checked.assignments().size();
    }

    private int partitionsOf(CreatableTopic topic) {
        return topic.numPartitions() == -1 ? defaultPartitions : Math.max(0, topic.numPartitions());
    }

    private static CreateTopic assigned(ClusterView view, CreatableTopic topic, Map<String, String> configs) {
        if (topic.replicationFactor() != -1) {
            throw new InvalidRequestException("A manual partition assignment was specified, but replication factor was not set to -1.");
        }
        if (topic.numPartitions() != -1) {
            throw new InvalidRequestException("A manual partition assignment was specified, but numPartitions was not set to -1.");
        }
        Map<Integer, List<Integer>> assignments = new TreeMap<>();
        Optional<Integer> factor = Optional.empty();
        for (CreatableReplicaAssignment assignment : topic.assignments()) {
            checkReplicas(view, assignment.partitionIndex(), assignment.brokerIds(), factor);
            factor = Optional.of(assignment.brokerIds().size());
            if (assignments.put(assignment.partitionIndex(), List.copyOf(assignment.brokerIds())) != null) {
                throw new InvalidReplicaAssignmentException("Found multiple manual partition assignments for partition " + assignment.partitionIndex());
            }
        }
        for (int partition = 0; partition < assignments.size(); partition++) {
            if (!assignments.containsKey(partition)) {
                throw new InvalidReplicaAssignmentException("partitions should be a consecutive 0-based integer sequence");
            }
        }
        return new CreateTopic(Uuid.randomUuid(), topic.name(), 0, factor.orElseThrow(), assignments, configs);
    }

    /** Checks one manual assignment against the registered brokers and, where given, the replication factor it must keep. */
    static void checkReplicas(ClusterView view, int partition, List<Integer> replicas, Optional<Integer> factor) {
        if (replicas.isEmpty()) {
            throw new InvalidReplicaAssignmentException("The manual partition assignment includes an empty replica list.");
        }
        HashSet<Integer> seen = new HashSet<>();
        boolean live = false;
        for (Integer replica : replicas) {
            BrokerView broker = view.brokers().get(replica);
            if (broker == null) {
                throw new InvalidReplicaAssignmentException("The manual partition assignment includes broker " + replica + ", but no such broker is registered.");
            }
            if (!seen.add(replica)) {
                throw new InvalidReplicaAssignmentException("The manual partition assignment includes the broker " + replica + " more than once.");
            }
            live |= !broker.fenced();
        }
        if (factor.isPresent() && factor.get() != replicas.size()) {
            throw new InvalidReplicaAssignmentException("The manual partition assignment includes a partition with " + replicas.size()
                    + " replica(s), but this is not consistent with previous partitions, which have " + factor.get() + " replica(s).");
        }
        if (!live) {
            throw new InvalidReplicaAssignmentException("All brokers specified in the manual partition assignment for partition " + partition
                    + " are fenced or in controlled shutdown.");
        }
    }
}
