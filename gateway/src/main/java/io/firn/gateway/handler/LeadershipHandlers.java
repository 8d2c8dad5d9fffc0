package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignableTopicResponse;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ElectLeadersRequest;

/**
 * Leaders and replicas of a cluster of one broker: every partition is led by its only replica, so an election is never needed, a reassignment to where a partition already is
 * succeeds without doing anything, any other names a broker that does not exist, and none is ever under way.
 *
 * <p>Thread-safe: no state of its own.
 */
final class LeadershipHandlers {
    private final Metadata metadata;

    LeadershipHandlers(Metadata metadata) {
        this.metadata = metadata;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.ELECT_LEADERS, this::elect), ServedApi.of(ApiKeys.ALTER_PARTITION_REASSIGNMENTS, this::reassign),
                ServedApi.of(ApiKeys.LIST_PARTITION_REASSIGNMENTS, LeadershipHandlers::list));
    }

    private void elect(Request request) {
        ElectLeadersRequestData body = ((ElectLeadersRequest) request.body()).data();
        if (body.topicPartitions() == null || !body.topicPartitions().isEmpty()) {
            checkElectionType(body.electionType());
        }
        ClusterView view = metadata.view();
        // Asked for all, Kafka names every topic and only those partitions that got a new leader: here none.
        List<ReplicaElectionResult> results = body.topicPartitions() == null
                ? view.topics().keySet().stream().map(topic -> new ReplicaElectionResult().setTopic(topic)).toList()
                : body.topicPartitions().stream().map(topic -> new ReplicaElectionResult().setTopic(topic.topic())
                        .setPartitionResult(topic.partitions().stream().map(partition -> elected(view, topic.topic(), partition)).toList())).toList();
        request.respond(new ElectLeadersResponseData().setReplicaElectionResults(results));
    }

    private static void checkElectionType(byte type) {
        try {
            ElectionType.valueOf(type);
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException("Unknown election type " + type, e);
        }
    }

    private static PartitionResult elected(ClusterView view, String topic, int partition) {
        Optional<TopicView> found = view.topic(topic);
        ApiError error;
        if (found.isEmpty()) {
            error = new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such topic as " + topic);
        } else if (partition(found.get(), partition).isEmpty()) {
            error = new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as " + topic + "-" + partition);
        } else {
            error = new ApiError(Errors.ELECTION_NOT_NEEDED, Errors.ELECTION_NOT_NEEDED.message());
        }
        return new PartitionResult().setPartitionId(partition).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }

    private static Optional<PartitionView> partition(TopicView topic, int partition) {
        return partition < 0 || partition >= topic.partitions().size() ? Optional.empty() : Optional.of(topic.partitions().get(partition));
    }

    private void reassign(Request request) {
        AlterPartitionReassignmentsRequestData body = ((AlterPartitionReassignmentsRequest) request.body()).data();
        if (body.topics().isEmpty()) {
            request.respond(new AlterPartitionReassignmentsResponseData());
            return;
        }
        ClusterView view = metadata.view();
        request.respond(new AlterPartitionReassignmentsResponseData().setErrorMessage(null).setAllowReplicationFactorChange(body.allowReplicationFactorChange())
                .setResponses(body.topics().stream().map(topic -> new ReassignableTopicResponse().setName(topic.name())
                        .setPartitions(topic.partitions().stream().map(partition -> reassigned(view, topic.name(), partition)).toList())).toList()));
    }

    private static ReassignablePartitionResponse reassigned(ClusterView view, String topic, ReassignablePartition asked) {
        ApiError error = refusal(view, topic, asked);
        return new ReassignablePartitionResponse().setPartitionIndex(asked.partitionIndex()).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }

    private static ApiError refusal(ClusterView view, String topic, ReassignablePartition asked) {
        try {
            PartitionView present = view.topic(topic).map(found -> partition(found, asked.partitionIndex())
                    .orElseThrow(() -> new UnknownTopicOrPartitionException("Unable to find partition " + topic + ":" + asked.partitionIndex() + ".")))
                    .orElseThrow(() -> new UnknownTopicOrPartitionException("Unable to find a topic named " + topic + "."));
            if (asked.replicas() == null) {
                // The end of a reassignment; there never is one.
                return new ApiError(Errors.NO_REASSIGNMENT_IN_PROGRESS, null);
            }
            NewTopics.checkReplicas(view, asked.partitionIndex(), asked.replicas(), Optional.empty());
            if (!asked.replicas().equals(present.replicas())) {
                throw new IllegalStateException("a cluster of one broker has one assignment");
            }
            return ApiError.NONE;
        } catch (RuntimeException e) {
            return Failures.of(e);
        }
    }

    private static void list(Request request) {
        request.respond(new ListPartitionReassignmentsResponseData().setErrorMessage(null));
    }
}
