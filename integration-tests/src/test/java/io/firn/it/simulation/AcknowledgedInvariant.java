package io.firn.it.simulation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/** Acknowledged records survive: each is among those that all agree on, and in the end can be read where all see it. */
final class AcknowledgedInvariant {

    private final Map<TopicIdPartition, Set<Long>> missing = new HashMap<>();
    private final Map<TopicIdPartition, Set<Long>> shown = new HashMap<>();
    private final Map<TopicIdPartition, Long> readTo = new HashMap<>();
    private int count;

    int count() {
        return count;
    }

    void add(TopicIdPartition partition, Records.Batch batch) {
        for (int i = 0; i < batch.count(); i++) {
            count++;
            if (!shown.computeIfAbsent(partition, first -> new HashSet<>()).contains(batch.number(i))) {
                missing.computeIfAbsent(partition, first -> new HashSet<>()).add(batch.number(i));
            }
        }
    }

    void shown(TopicIdPartition partition, long number) {
        shown.computeIfAbsent(partition, first -> new HashSet<>()).add(number);
        missing.computeIfAbsent(partition, first -> new HashSet<>()).remove(number);
    }

    /** Somebody has read the whole partition from its beginning, through both tiers; what he read was told to be the same. */
    void read(TopicIdPartition partition, long to) {
        readTo.merge(partition, to, Math::max);
    }

    /** A reader is told that the log begins there. */
    void deleted(TopicIdPartition partition, long startOffset, long asked) {
        if (startOffset > asked) {
            throw new Violation("acknowledged records survive", partition.topicPartition() + " begins at " + startOffset + ", but only what is below " + asked + " was to be deleted");
        }
    }

    void atEnd(TopicIdPartition partition, LogsAgreeInvariant.Shown agreed) {
        if (readTo.getOrDefault(partition, 0L) < agreed.known()) {
            throw new Violation("acknowledged records survive", partition.topicPartition() + " has " + agreed.known() + " committed records, but could be read to " + readTo.get(partition));
        }
    }

    void atEnd() {
        missing.forEach((partition, numbers) -> numbers.stream().findFirst().ifPresent(number -> {
            throw new Violation("acknowledged records survive", numbers.size() + " are gone from " + partition.topicPartition() + ", one of them " + Records.text(number));
        }));
    }
}
