package io.firn.membership.entry;

import java.util.List;
import org.apache.kafka.common.Uuid;

/** What changes in one topic's partitions. Immutable. @param partitions at least one, by ascending number */
public record TopicChange(Uuid topicId, List<PartitionChange> partitions) {
    public TopicChange {
        partitions = List.copyOf(partitions);
        if (partitions.isEmpty()) {
            throw new IllegalArgumentException("a topic in which nothing changes");
        }
        for (int i = 1; i < partitions.size(); i++) {
            if (partitions.get(i).partition() <= partitions.get(i - 1).partition()) {
                throw new IllegalArgumentException("changes of partitions are not in order");
            }
        }
    }
}
