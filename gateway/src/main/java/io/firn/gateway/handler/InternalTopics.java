package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import java.util.Map;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;

/** How the topics are made that hold the coordinators' state. Pure functions. */
final class InternalTopics {
    static final String OFFSETS = Topic.GROUP_METADATA_TOPIC_NAME;
    static final String TRANSACTIONS = Topic.TRANSACTION_STATE_TOPIC_NAME;

    /** Kafka's {@code offsets.topic.replication.factor} and {@code transaction.state.log.replication.factor}; a smaller cluster takes what it has. */
    private static final int REPLICATION_FACTOR = 3;
    /** Kafka's {@code offsets.topic.segment.bytes} and {@code transaction.state.log.segment.bytes}: small, so that compaction gets at it and loading stays quick. */
    private static final int SEGMENT_BYTES = 100 * 1024 * 1024;

    /** Kafka's {@code transaction.state.log.min.isr}. */
    private static final int MIN_IN_SYNC_REPLICAS = 2;

    private InternalTopics() {}

    /** {@code __consumer_offsets}, to be made when the first group asks for its coordinator. */
    static CreatableTopic offsets(ClusterView view, int partitions) {
        return compacted(view, OFFSETS, partitions, Map.of("compression.type", "producer"));
    }

    /** {@code __transaction_state}, to be made when the first transactional producer asks for its coordinator. */
    static CreatableTopic transactions(ClusterView view, int partitions) {
        String replicas = Integer.toString(Math.min(MIN_IN_SYNC_REPLICAS, replicas(view)));
        return compacted(view, TRANSACTIONS, partitions, Map.of("compression.type", "uncompressed", "unclean.leader.election.enable", "false", "min.insync.replicas", replicas));
    }

    private static CreatableTopic compacted(ClusterView view, String name, int partitions, Map<String, String> further) {
        CreatableTopicConfigCollection configs = new CreatableTopicConfigCollection();
        configs.add(new CreatableTopicConfig().setName("cleanup.policy").setValue("compact"));
        configs.add(new CreatableTopicConfig().setName("segment.bytes").setValue(Integer.toString(SEGMENT_BYTES)));
        further.forEach((key, value) -> configs.add(new CreatableTopicConfig().setName(key).setValue(value)));
        return new CreatableTopic().setName(name).setNumPartitions(partitions).setReplicationFactor((short) replicas(view)).setConfigs(configs);
    }

    private static int replicas(ClusterView view) {
        return Math.max(1, Math.min(REPLICATION_FACTOR, view.liveBrokers().size()));
    }
}
