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
    private final TopicConfigRules rules;
    private final int defaultPartitions;
    private final int defaultFactor;

    /** @param defaultFactor Kafka's {@code default.replication.factor} */
    NewTopics(TopicConfigRules rules, int defaultPartitions, int defaultFactor) {
        this.rules = rules;
        this.defaultPartitions = defaultPartitions;
        this.defaultFactor = defaultFactor;
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
        int factor = topic.replicationFactor() == -1 ? defaultFactor : topic.replicationFactor();
        checkFactor(view, factor);
        return new CreateTopic(Uuid.randomUuid(), topic.name(), partitionsOf(topic), factor, Map.of(), configs);
    }

    /** Whether there are brokers enough for automatic placement, those that are down included. Brokers that are drained get nothing, as if their directories were cordoned in Kafka. */
    static void checkFactor(ClusterView view, int factor) {
        String failed = "Unable to replicate the partition " + factor + " time(s): ";
        if (view.brokers().values().stream().noneMatch(BrokerView::active)) {
            throw new InvalidReplicationFactorException(failed + (view.liveBrokers().isEmpty() ? "All brokers are currently fenced." : "All brokers are currently fenced or in controlled shutdown."));
        }
        long usable = view.brokers().values().stream().filter(broker -> !broker.draining()).count();
        if (factor > usable) {
            throw new InvalidReplicationFactorException(failed + "The target replication factor of " + factor + " cannot be reached because only " + usable
                    + " broker(s) are registered or some brokers have all their log directories cordoned.");
        }
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
            checkReplicas(view, assignment.brokerIds(), factor);
            checkActive(view, assignment.partitionIndex(), assignment.brokerIds());
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
    static void checkReplicas(ClusterView view, List<Integer> replicas, Optional<Integer> factor) {
        if (replicas.isEmpty()) {
            throw new InvalidReplicaAssignmentException("The manual partition assignment includes an empty replica list.");
        }
        HashSet<Integer> seen = new HashSet<>();
        for (Integer replica : replicas.stream().sorted().toList()) {
            if (!view.brokers().containsKey(replica)) {
                throw new InvalidReplicaAssignmentException("The manual partition assignment includes broker " + replica + ", but no such broker is registered.");
            }
            if (!seen.add(replica)) {
                throw new InvalidReplicaAssignmentException("The manual partition assignment includes the broker " + replica + " more than once.");
            }
        }
        if (factor.isPresent() && factor.get() != replicas.size()) {
            throw new InvalidReplicaAssignmentException("The manual partition assignment includes a partition with " + replicas.size()
                    + " replica(s), but this is not consistent with previous partitions, which have " + factor.get() + " replica(s).");
        }
    }

    /** Somebody has to lead a new partition. */
    static void checkActive(ClusterView view, int partition, List<Integer> replicas) {
        if (replicas.stream().noneMatch(replica -> view.brokers().get(replica).active())) {
            throw new InvalidReplicaAssignmentException("All brokers specified in the manual partition assignment for partition " + partition
                    + " are fenced or in controlled shutdown.");
        }
    }
}
