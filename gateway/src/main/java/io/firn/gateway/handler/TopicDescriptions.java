package io.firn.gateway.handler;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;

/** What the cluster view tells clients about topics, partitions and brokers. Pure; confined to the request it was made for. */
final class TopicDescriptions {
    private static final int NO_LEADER = -1;

    private final ClusterView view;

    TopicDescriptions(ClusterView view) {
        this.view = view;
    }

    /** The brokers that serve clients. */
    List<Node> nodes() {
        return view.liveBrokers().stream().map(TopicDescriptions::node).toList();
    }

    Optional<Node> node(int id) {
        return Optional.ofNullable(view.brokers().get(id)).filter(broker -> !broker.fenced()).map(TopicDescriptions::node);
    }

    /** Who clients send what is for the controller: any broker that serves, as each passes it on; this one when it does. */
    int controllerId(int preferred) {
        return node(preferred).map(Node::id).orElseGet(() -> nodes().stream().mapToInt(Node::id).min().orElse(NO_LEADER));
    }

    /** A topic by name, or the error why there is none. */
    MetadataResponseTopic topic(String name, int version) {
        return view.topic(name).map(topic -> topic(topic, version)).orElseGet(() -> missing(name, unknown(name)));
    }

    MetadataResponseTopic topic(TopicView topic, int version) {
        return new MetadataResponseTopic().setName(topic.name()).setTopicId(topic.id()).setIsInternal(Topic.isInternal(topic.name()))
                .setPartitions(topic.partitions().stream().map(partition -> partition(partition, version)).toList());
    }

    static MetadataResponseTopic missing(String name, Errors error) {
        return new MetadataResponseTopic().setErrorCode(error.code()).setName(name).setTopicId(Uuid.ZERO_UUID).setIsInternal(Topic.isInternal(name));
    }

    static MetadataResponseTopic missing(Uuid id) {
        return new MetadataResponseTopic().setErrorCode(Errors.UNKNOWN_TOPIC_ID.code()).setName(null).setTopicId(id);
    }

    /** Whether a topic that is not there could be. */
    static Errors unknown(String name) {
        try {
            Topic.validate(name);
            return Errors.UNKNOWN_TOPIC_OR_PARTITION;
        } catch (InvalidTopicException e) {
            return Errors.INVALID_TOPIC_EXCEPTION;
        }
    }

    DescribeTopicPartitionsResponsePartition described(PartitionView partition) {
        return new DescribeTopicPartitionsResponsePartition().setPartitionIndex(partition.partition())
                .setLeaderId(node(partition.leader()).map(Node::id).orElse(NO_LEADER)).setLeaderEpoch(partition.leaderEpoch())
                .setReplicaNodes(partition.replicas()).setIsrNodes(partition.isr()).setOfflineReplicas(offline(partition))
                .setEligibleLeaderReplicas(List.of()).setLastKnownElr(List.of());
    }

    private MetadataResponsePartition partition(PartitionView partition, int version) {
        // Version 0 clients cannot cope with replicas on brokers that are not in the list of brokers.
        List<Integer> replicas = version == 0 ? alive(partition.replicas()) : partition.replicas();
        List<Integer> isr = version == 0 ? alive(partition.isr()) : partition.isr();
        Optional<Node> leader = node(partition.leader());
        return new MetadataResponsePartition().setErrorCode(error(partition, leader, replicas, isr).code()).setPartitionIndex(partition.partition())
                .setLeaderId(leader.map(Node::id).orElse(NO_LEADER)).setLeaderEpoch(partition.leaderEpoch())
                .setReplicaNodes(replicas).setIsrNodes(isr).setOfflineReplicas(offline(partition));
    }

    private static Errors error(PartitionView partition, Optional<Node> leader, List<Integer> replicas, List<Integer> isr) {
        if (leader.isEmpty()) {
            return Errors.LEADER_NOT_AVAILABLE;
        }
        boolean shortened = replicas.size() < partition.replicas().size() || isr.size() < partition.isr().size();
        return shortened ? Errors.REPLICA_NOT_AVAILABLE : Errors.NONE;
    }

    private List<Integer> alive(List<Integer> ids) {
        return ids.stream().filter(id -> node(id).isPresent()).toList();
    }

    private List<Integer> offline(PartitionView partition) {
        return partition.replicas().stream().filter(id -> node(id).isEmpty()).toList();
    }

    private static Node node(BrokerView broker) {
        return new Node(broker.id(), broker.host(), broker.port(), broker.rack().orElse(null));
    }
}
