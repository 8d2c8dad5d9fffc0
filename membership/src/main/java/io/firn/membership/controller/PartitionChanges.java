package io.firn.membership.controller;

import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.PartitionChange;
import io.firn.membership.entry.TopicChange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/**
 * Gathers the changes of partitions that one command makes, each partition once, into few entries. Equal lists of brokers become one object.
 *
 * <p>Limits: an entry takes changes up to {@link #MAX_ENTRY_BYTES} in the worst encoding of each, so that no record becomes too large however many partitions change.
 *
 * <p>Threading: confined to one decision.
 */
final class PartitionChanges {

    private static final int MAX_ENTRY_BYTES = 2 << 20;
    private static final int TOPIC_BYTES = 21;
    private static final int VARINT_BYTES = 5;

    private final Map<Uuid, List<PartitionChange>> topics = new LinkedHashMap<>();
    private final Map<List<Integer>, List<Integer>> shared = new HashMap<>();

    void add(TopicView topic, PartitionChange change) {
        topics.computeIfAbsent(topic.id(), id -> new ArrayList<>()).add(new PartitionChange(change.partition(), change.leader(), change.newLeaderEpoch(), share(change.isr()),
                change.recovering(), change.assignment().map(this::share)));
    }

    private PartitionChange.Assignment share(PartitionChange.Assignment assignment) {
        return new PartitionChange.Assignment(share(assignment.replicas()), share(assignment.adding()), share(assignment.removing()));
    }

    private List<Integer> share(List<Integer> list) {
        return shared.computeIfAbsent(list, same -> same);
    }

    List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        List<TopicChange> current = new ArrayList<>();
        long size = 0;
        for (Map.Entry<Uuid, List<PartitionChange>> topic : topics.entrySet()) {
            List<PartitionChange> changes = new ArrayList<>();
            topic.getValue().sort(Comparator.comparingInt(PartitionChange::partition));
            size += TOPIC_BYTES;
            for (PartitionChange change : topic.getValue()) {
                if (size + sizeBytes(change) > MAX_ENTRY_BYTES) {
                    finish(current, topic.getKey(), changes);
                    entries.add(new Entry.PartitionsChanged(current));
                    current.clear();
                    changes.clear();
                    size = TOPIC_BYTES;
                }
                changes.add(change);
                size += sizeBytes(change);
            }
            finish(current, topic.getKey(), changes);
        }
        if (!current.isEmpty()) {
            entries.add(new Entry.PartitionsChanged(current));
        }
        return entries;
    }

    private static void finish(List<TopicChange> entry, Uuid topic, List<PartitionChange> changes) {
        if (!changes.isEmpty()) {
            entry.add(new TopicChange(topic, changes));
        }
    }

    /** As if every list were an own one and every number a large one. */
    private static int sizeBytes(PartitionChange change) {
        int brokers = change.isr().size() + change.assignment().map(then -> then.replicas().size() + then.adding().size() + then.removing().size()).orElse(0);
        return VARINT_BYTES * (brokers + 11);
    }
}
