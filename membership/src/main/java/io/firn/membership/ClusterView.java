package io.firn.membership;

import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * Everything the cluster has agreed on, as of one journal entry. Immutable; a new version shares unchanged parts.
 *
 * @param version number of the newest journal entry applied; grows by one per entry
 * @param controllerEpoch epoch of the controller that wrote it
 * @param brokerConfigs dynamic broker configs by broker id; key -1 holds the cluster-wide defaults
 * @param groupConfigs dynamic group configs by group id
 * @param nextProducerId first producer id not yet handed out in a block
 */
public record ClusterView(long version, int controllerEpoch, String clusterId, Map<Integer, BrokerView> brokers, Map<String, TopicView> topics,
        Map<Uuid, String> topicNames, Map<Integer, Map<String, String>> brokerConfigs, Map<String, Map<String, String>> groupConfigs, long nextProducerId) {

    public Optional<TopicView> topic(String name) {
        return Optional.ofNullable(topics.get(name));
    }

    public Optional<TopicView> topic(Uuid id) {
        return Optional.ofNullable(topicNames.get(id)).map(topics::get);
    }
}
