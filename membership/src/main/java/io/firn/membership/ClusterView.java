package io.firn.membership;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Everything the cluster has agreed on, as of one journal entry. Immutable; a new version shares unchanged parts.
 *
 * <p>The maps are persistent ones (pcollections): a change copies a path of about log2(entries) nodes, not the map. A topic's partitions are one flat list,
 * copied when that topic's partitions change. Reading a map costs a few tree steps; hot paths keep what they looked up.
 *
 * @param version number of the newest journal entry applied; grows by one per entry
 * @param controllerEpoch epoch of the controller that wrote it
 * @param brokerConfigs dynamic broker configs by broker id; key {@link #ALL_BROKERS} holds the cluster-wide defaults
 * @param groupConfigs dynamic group configs by group id
 * @param nextProducerId first producer id not yet handed out in a block
 * @param partitionCount partitions of all topics
 * @param clients what clients are allowed, asked for and known by
 * @param deleted the topics deleted last
 * @param recent topics the last entries were about; see {@link #topicsChangedSince}
 */
public record ClusterView(long version, int controllerEpoch, String clusterId, Map<Integer, BrokerView> brokers, Map<String, TopicView> topics,
        Map<Uuid, String> topicNames, Map<Integer, Map<String, String>> brokerConfigs, Map<String, Map<String, String>> groupConfigs, long nextProducerId,
        int partitionCount, ClientSettings clients, DeletedTopics deleted, TopicChanges recent) {

    /** Key of the cluster-wide defaults in {@link #brokerConfigs()}. */
    public static final int ALL_BROKERS = -1;

    /** Before the first entry. */
    public static final ClusterView EMPTY = new ClusterView(0, 0, "", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), 0);

    public ClusterView {
        brokers = persistent(brokers);
        topics = persistent(topics);
        topicNames = persistent(topicNames);
        brokerConfigs = persistent(brokerConfigs);
        groupConfigs = persistent(groupConfigs);
    }

    /** The same without a memory of changes and deletions. */
    public ClusterView(long version, int controllerEpoch, String clusterId, Map<Integer, BrokerView> brokers, Map<String, TopicView> topics,
            Map<Uuid, String> topicNames, Map<Integer, Map<String, String>> brokerConfigs, Map<String, Map<String, String>> groupConfigs, long nextProducerId,
            int partitionCount, ClientSettings clients) {
        this(version, controllerEpoch, clusterId, brokers, topics, topicNames, brokerConfigs, groupConfigs, nextProducerId, partitionCount, clients, DeletedTopics.NONE, TopicChanges.none(version));
    }

    /** The same with the partitions counted, and nothing about clients. */
    public ClusterView(long version, int controllerEpoch, String clusterId, Map<Integer, BrokerView> brokers, Map<String, TopicView> topics,
            Map<Uuid, String> topicNames, Map<Integer, Map<String, String>> brokerConfigs, Map<String, Map<String, String>> groupConfigs, long nextProducerId) {
        this(version, controllerEpoch, clusterId, brokers, topics, topicNames, brokerConfigs, groupConfigs, nextProducerId,
                topics.values().stream().mapToInt(topic -> topic.partitions().size()).sum(), ClientSettings.EMPTY);
    }

    public Optional<TopicView> topic(String name) {
        return Optional.ofNullable(topics.get(name));
    }

    public Optional<TopicView> topic(Uuid id) {
        return Optional.ofNullable(topicNames.get(id)).map(topics::get);
    }

    public Optional<PartitionView> partition(String topic, int partition) {
        return topic(topic).filter(found -> partition >= 0 && partition < found.partitions().size()).map(found -> found.partitions().get(partition));
    }

    /** The partitions a reassignment is under way of, by topic name. Looks at all. */
    public List<TopicPartition> reassigning() {
        return topics.values().stream().flatMap(topic -> topic.partitions().stream().filter(PartitionView::reassigning)
                .map(partition -> new TopicPartition(topic.name(), partition.partition()))).sorted(Comparator.comparing(TopicPartition::topic)).toList();
    }

    /** The brokers that are not fenced. */
    public List<BrokerView> liveBrokers() {
        return brokers.values().stream().filter(broker -> !broker.fenced()).toList();
    }

    /** The same content as of a later entry. */
    public ClusterView at(long newVersion, int newControllerEpoch) {
        return new ClusterView(newVersion, newControllerEpoch, clusterId, brokers, topics, topicNames, brokerConfigs, groupConfigs, nextProducerId, partitionCount,
                clients, deleted, newVersion == version || newVersion == version + 1 ? recent : TopicChanges.none(newVersion));
    }

    /** Ids of the topics that may differ from those of an earlier view of this broker; empty if that view is too old to tell, and all have to be looked at. */
    public Optional<Set<Uuid>> topicsChangedSince(long earlierVersion) {
        return recent.since(earlierVersion);
    }

    private static <K, V> PMap<K, V> persistent(Map<K, V> map) {
        return map instanceof PMap<K, V> already ? already : HashTreePMap.from(map);
    }
}
