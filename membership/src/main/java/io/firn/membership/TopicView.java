package io.firn.membership;

import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/**
 * One topic as the cluster knows it. Immutable.
 *
 * @param partitions by partition number, contiguous from 0
 * @param configs overrides only, Kafka's config names
 */
public record TopicView(Uuid id, String name, List<PartitionView> partitions, Map<String, String> configs) {
    public TopicView {
        partitions = List.copyOf(partitions);
        configs = Map.copyOf(configs);
    }
}
