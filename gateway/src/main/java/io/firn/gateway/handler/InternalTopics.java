package io.firn.gateway.handler;

import java.util.Map;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;

/** How the topics are made that hold the coordinators' state. Pure functions. */
final class InternalTopics {
    static final String OFFSETS = Topic.GROUP_METADATA_TOPIC_NAME;
    static final String TRANSACTIONS = Topic.TRANSACTION_STATE_TOPIC_NAME;

    /** Kafka's {@code offsets.topic.segment.bytes} and {@code transaction.state.log.segment.bytes}: small, so that compaction gets at it and loading stays quick. */
    private static final int SEGMENT_BYTES = 100 * 1024 * 1024;

    /** Kafka's {@code transaction.state.log.min.isr}. */
    private static final int MIN_IN_SYNC_REPLICAS = 2;

    private InternalTopics() {}

    /** {@code __consumer_offsets}, to be made when the first group asks for its coordinator. */
    static CreatableTopic offsets(int partitions, int replicas) {
        return compacted(OFFSETS, partitions, replicas, Map.of("compression.type", "producer"));
    }

    /** {@code __transaction_state}, to be made when the first transactional producer asks for its coordinator. */
    static CreatableTopic transactions(int partitions, int replicas) {
        String inSync = Integer.toString(Math.min(MIN_IN_SYNC_REPLICAS, replicas));
        return compacted(TRANSACTIONS, partitions, replicas, Map.of("compression.type", "uncompressed", "unclean.leader.election.enable", "false", "min.insync.replicas", inSync));
    }

    private static CreatableTopic compacted(String name, int partitions, int replicas, Map<String, String> further) {
        CreatableTopicConfigCollection configs = new CreatableTopicConfigCollection();
        configs.add(new CreatableTopicConfig().setName("cleanup.policy").setValue("compact"));
        configs.add(new CreatableTopicConfig().setName("segment.bytes").setValue(Integer.toString(SEGMENT_BYTES)));
        further.forEach((key, value) -> configs.add(new CreatableTopicConfig().setName(key).setValue(value)));
        return new CreatableTopic().setName(name).setNumPartitions(partitions).setReplicationFactor((short) replicas).setConfigs(configs);
    }
}
