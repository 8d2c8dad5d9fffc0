package io.firn.cold;

import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.Uuid;

/**
 * A topic as the metadata of its cluster had it.
 *
 * @param partitions how many it has, those without anything in the bucket included
 * @param configs overrides only, Kafka's names
 * @param clusterId whose metadata
 * @param metadataVersion of which it is known to be true; only comparable within a cluster
 */
public record ColdTopicDescription(Uuid id, String name, int partitions, Map<String, String> configs, String clusterId, long metadataVersion) {

    public ColdTopicDescription {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(clusterId, "clusterId");
        configs = Map.copyOf(configs);
        if (name.isEmpty() || partitions < 1 || metadataVersion < 0) {
            throw new IllegalArgumentException("Topic '" + name + "' of " + partitions + " partitions at version " + metadataVersion);
        }
    }

    /** Whether both say the same of the topic, whenever they were made. */
    public boolean sameAs(ColdTopicDescription other) {
        return id.equals(other.id) && name.equals(other.name) && partitions == other.partitions && configs.equals(other.configs) && clusterId.equals(other.clusterId);
    }
}
