package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;

/** How the topics are made that hold the coordinators' state. Pure functions. */
final class InternalTopics {
    static final String OFFSETS = Topic.GROUP_METADATA_TOPIC_NAME;

    /** Kafka's {@code offsets.topic.replication.factor}; a smaller cluster takes what it has. */
    private static final int REPLICATION_FACTOR = 3;
    /** Kafka's {@code offsets.topic.segment.bytes}: small, so that compaction gets at it and loading stays quick. */
    private static final int SEGMENT_BYTES = 100 * 1024 * 1024;

    private InternalTopics() {}

    /** {@code __consumer_offsets}, to be made when the first group asks for its coordinator. */
    static CreatableTopic offsets(ClusterView view, int partitions) {
        CreatableTopicConfigCollection configs = new CreatableTopicConfigCollection();
        configs.add(new CreatableTopicConfig().setName("cleanup.policy").setValue("compact"));
        configs.add(new CreatableTopicConfig().setName("compression.type").setValue("producer"));
        configs.add(new CreatableTopicConfig().setName("segment.bytes").setValue(Integer.toString(SEGMENT_BYTES)));
        int usable = (int) view.brokers().values().stream().filter(broker -> !broker.fenced()).count();
        return new CreatableTopic().setName(OFFSETS).setNumPartitions(partitions)
                .setReplicationFactor((short) Math.max(1, Math.min(REPLICATION_FACTOR, usable))).setConfigs(configs);
    }
}
