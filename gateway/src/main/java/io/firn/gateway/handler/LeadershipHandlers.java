package io.firn.gateway.handler;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.Answer;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.Reassignment;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionOutcome.Refusal;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignableTopicResponse;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingPartitionReassignment;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingTopicReassignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ElectLeadersRequest;
import org.apache.kafka.common.requests.ListPartitionReassignmentsRequest;

/**
 * Who leads and where replicas are: elections and reassignments, decided by the controller and told in Kafka's words.
 *
 * <p>Any broker answers: it passes the command on to the controller. What is not done in the request's time fails as timed out, and may still be done.
 *
 * <p>Thread-safe: no state of its own.
 */
final class LeadershipHandlers {
    private final Metadata metadata;
    private final Commands commands;

    LeadershipHandlers(Metadata metadata, Commands commands) {
        this.metadata = metadata;
        this.commands = commands;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.ELECT_LEADERS, this::elect), ServedApi.of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, this::reassign),
                ServedApi.of(ApiKeys.LIST_PARTITION_REASSIGNMENTS, this::list));
    }

    // Elections

    private void elect(Request request) {
        ElectLeadersRequestData body = ((ElectLeadersRequest) request.body()).data();
        if (body.topicPartitions() != null && body.topicPartitions().isEmpty()) {
            request.respond(new ElectLeadersResponseData());
            return;
        }
        Command.Election election = election(body.electionType());
        if (body.topicPartitions() == null) {
            Gather.answer(request, commands.ask(new Command.ElectLeaders(election, Optional.empty()), body.timeoutMs()).thenApply(LeadershipHandlers::electedOfAll));
            return;
        }
        Set<TopicPartition> asked = new LinkedHashSet<>();
        body.topicPartitions().forEach(topic -> topic.partitions().forEach(partition -> asked.add(new TopicPartition(topic.topic(), partition))));
        checkNumber(asked.size());
        Gather.answer(request, commands.ask(new Command.ElectLeaders(election, Optional.of(List.copyOf(asked))), body.timeoutMs()).thenApply(answer -> elected(body, answer)));
    }

    /** As many as Kafka's controller changes at once. */
    private static void checkNumber(int partitions) {
        if (partitions > NewTopics.MAX_PARTITIONS_PER_REQUEST) {
            throw new PolicyViolationException("Unable to perform excessively large batch operation.");
        }
    }

    private static Command.Election election(byte type) {
        try {
            return ElectionType.valueOf(type) == ElectionType.PREFERRED ? Command.Election.PREFERRED : Command.Election.UNCLEAN;
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException("Unknown election type " + type, e);
        }
    }

    /** Asked for all, Kafka names every topic, and only those partitions that did not have the leader they should have. */
    private static ElectLeadersResponseData electedOfAll(Answer answer) {
        Map<String, List<PartitionResult>> results = new TreeMap<>();
        answer.view().topics().keySet().forEach(topic -> results.put(topic, new ArrayList<>()));
        answer.partitions().forEach(outcome -> results.computeIfAbsent(outcome.partition().topic(), topic -> new ArrayList<>()).add(result(outcome)));
        return new ElectLeadersResponseData().setReplicaElectionResults(results.entrySet().stream()
                .map(topic -> new ReplicaElectionResult().setTopic(topic.getKey()).setPartitionResult(topic.getValue())).toList());
    }

    private static ElectLeadersResponseData elected(ElectLeadersRequestData body, Answer answer) {
        Map<TopicPartition, PartitionOutcome> outcomes = new HashMap<>();
        answer.partitions().forEach(outcome -> outcomes.put(outcome.partition(), outcome));
        return new ElectLeadersResponseData().setReplicaElectionResults(body.topicPartitions().stream().map(topic -> new ReplicaElectionResult().setTopic(topic.topic())
                .setPartitionResult(topic.partitions().stream().map(partition -> result(outcomes.get(new TopicPartition(topic.topic(), partition)))).toList())).toList());
    }

    private static PartitionResult result(PartitionOutcome outcome) {
        ApiError error = outcome.refusal().map(refusal -> notElected(outcome.partition(), refusal.reason())).orElse(ApiError.NONE);
        return new PartitionResult().setPartitionId(outcome.partition().partition()).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }

    private static ApiError notElected(TopicPartition partition, Reason reason) {
        return switch (reason) {
            case UNKNOWN_TOPIC -> new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such topic as " + partition.topic());
            case UNKNOWN_PARTITION -> new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as " + partition);
            default -> new ApiError(ErrorMapping.of(reason), ErrorMapping.of(reason).message());
        };
    }

    // Reassignments

    private void reassign(Request request) {
        AlterPartitionReassignmentsRequestData body = ((AlterPartitionReassignmentsRequest) request.body()).data();
        if (body.topics().isEmpty()) {
            request.respond(new AlterPartitionReassignmentsResponseData());
            return;
        }
        List<ReassignablePartition> asked = new ArrayList<>();
        List<Reassignment> reassignments = new ArrayList<>();
        body.topics().forEach(topic -> topic.partitions().forEach(partition -> {
            asked.add(partition);
            reassignments.add(new Reassignment(new TopicPartition(topic.name(), partition.partitionIndex()), Optional.ofNullable(partition.replicas())));
        }));
        checkNumber(asked.size());
        Gather.answer(request, commands.ask(new Command.ReassignPartitions(reassignments, body.allowReplicationFactorChange()), body.timeoutMs()).thenApply(answer -> {
            Map<ReassignablePartition, ApiError> wrong = new IdentityHashMap<>();
            IntStream.range(0, asked.size()).forEach(i -> {
                PartitionOutcome outcome = answer.partitions().get(i);
                outcome.refusal().ifPresent(refusal -> wrong.put(asked.get(i), notReassigned(answer.view(), outcome.partition(), asked.get(i), refusal)));
            });
            return reassigned(body, wrong);
        }));
    }

    /** The controller's reason in Kafka's words. */
    private static ApiError notReassigned(ClusterView view, TopicPartition partition, ReassignablePartition asked, Refusal refusal) {
        return switch (refusal.reason()) {
            case UNKNOWN_TOPIC -> new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find a topic named " + partition.topic() + ".");
            case UNKNOWN_PARTITION -> new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "Unable to find partition " + partition.topic() + ":" + partition.partition() + ".");
            case NO_REASSIGNMENT_IN_PROGRESS -> new ApiError(Errors.NO_REASSIGNMENT_IN_PROGRESS, null);
            case INVALID_ASSIGNMENT -> new ApiError(Errors.INVALID_REPLICA_ASSIGNMENT, asked.replicas() == null ? notReverted(partition) : wrong(view, asked.replicas()).orElse(refusal.message()));
            case INVALID_REPLICATION_FACTOR -> new ApiError(Errors.INVALID_REPLICATION_FACTOR, view.partition(partition.topic(), partition.partition())
                    .map(present -> "The replication factor is changed from " + present.target().size() + " to " + asked.replicas().size()).orElse(refusal.message()));
            default -> new ApiError(ErrorMapping.of(refusal.reason()), refusal.message());
        };
    }

    private static String notReverted(TopicPartition partition) {
        return "Unable to revert partition assignment for " + partition.topic() + ":" + partition.partition() + " because it would require an unclean leader election.";
    }

    private static Optional<String> wrong(ClusterView view, List<Integer> replicas) {
        try {
            NewTopics.checkReplicas(view, replicas, Optional.empty());
            return Optional.empty();
        } catch (InvalidReplicaAssignmentException e) {
            return Optional.of(e.getMessage());
        }
    }

    private static AlterPartitionReassignmentsResponseData reassigned(AlterPartitionReassignmentsRequestData body, Map<ReassignablePartition, ApiError> wrong) {
        return new AlterPartitionReassignmentsResponseData().setErrorMessage(null).setAllowReplicationFactorChange(body.allowReplicationFactorChange())
                .setResponses(body.topics().stream().map(topic -> new ReassignableTopicResponse().setName(topic.name())
                        .setPartitions(topic.partitions().stream().map(partition -> reassigned(partition, wrong.getOrDefault(partition, ApiError.NONE))).toList())).toList());
    }

    private static ReassignablePartitionResponse reassigned(ReassignablePartition asked, ApiError error) {
        return new ReassignablePartitionResponse().setPartitionIndex(asked.partitionIndex()).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }

    private void list(Request request) {
        ListPartitionReassignmentsRequestData body = ((ListPartitionReassignmentsRequest) request.body()).data();
        ClusterView view = metadata.view();
        List<OngoingTopicReassignment> found = new ArrayList<>();
        if (body.topics() == null) {
            view.topics().values().forEach(topic -> underWay(topic, topic.partitions()).ifPresent(found::add));
        } else {
            body.topics().forEach(asked -> view.topic(asked.name()).flatMap(topic -> underWay(topic, asked.partitionIndexes().stream()
                    .flatMap(index -> view.partition(asked.name(), index).stream()).toList())).ifPresent(found::add));
        }
        request.respond(new ListPartitionReassignmentsResponseData().setErrorMessage(null).setTopics(found));
    }

    private static Optional<OngoingTopicReassignment> underWay(TopicView topic, List<PartitionView> partitions) {
        List<OngoingPartitionReassignment> reassignments = partitions.stream().filter(PartitionView::reassigning).map(partition -> new OngoingPartitionReassignment()
                .setPartitionIndex(partition.partition()).setReplicas(partition.replicas()).setAddingReplicas(partition.adding()).setRemovingReplicas(partition.removing())).toList();
        return reassignments.isEmpty() ? Optional.empty() : Optional.of(new OngoingTopicReassignment().setName(topic.name()).setPartitions(reassignments));
    }
}
