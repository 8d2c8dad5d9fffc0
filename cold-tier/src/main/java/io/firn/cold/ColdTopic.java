package io.firn.cold;

import java.util.List;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * A topic that the bucket has objects of.
 *
 * @param partitions those with objects, ascending; partitions of which nothing was ever offloaded are not known
 */
public record ColdTopic(String name, Uuid id, List<Integer> partitions) {

    public ColdTopic {
        partitions = partitions.stream().sorted().toList();
    }

    /** One of its partitions. */
    public TopicIdPartition partition(int number) {
        return new TopicIdPartition(id, new TopicPartition(name, number));
    }
}
