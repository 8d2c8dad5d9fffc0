package io.firn.membership.entry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * Changes of many partitions as bytes: three bytes a partition whose leader or in-sync replicas change, whatever the number of replicas, while brokers have numbers below 127
 * and no more than 128 different lists of brokers occur. Pure.
 *
 * <pre>
 *  changes  lists: varint, lists × (size: varint, size × (broker id: varint)), each different one once,
 *           topics: varint, topics × (id: uuid, count: varint, count × change)
 *  change   gap × 8 + (assignment ? 4 : 0) + (recovering ? 2 : 0) + (new leader epoch ? 1 : 0): varint, gap: partitions passed over since the one before,
 *           leader + 1: varint, isr: index of a list, [replicas: index, adding: index, removing: index]
 * </pre>
 */
final class ChangeCodec {

    private static final int NEW_LEADER_EPOCH = 1;
    private static final int RECOVERING = 2;
    private static final int ASSIGNMENT = 4;

    private ChangeCodec() {}

    static void encode(ByteSink out, List<TopicChange> topics) {
        Map<List<Integer>, Integer> lists = new LinkedHashMap<>();
        topics.forEach(topic -> topic.partitions().forEach(change -> collect(change, lists)));
        out.putVarint(lists.size());
        lists.keySet().forEach(list -> {
            out.putVarint(list.size());
            list.forEach(out::putVarint);
        });
        out.putVarint(topics.size());
        topics.forEach(topic -> encode(out, topic, lists));
    }

    private static void collect(PartitionChange change, Map<List<Integer>, Integer> lists) {
        lists.putIfAbsent(change.isr(), lists.size());
        change.assignment().ifPresent(assignment -> {
            lists.putIfAbsent(assignment.replicas(), lists.size());
            lists.putIfAbsent(assignment.adding(), lists.size());
            lists.putIfAbsent(assignment.removing(), lists.size());
        });
    }

    private static void encode(ByteSink out, TopicChange topic, Map<List<Integer>, Integer> lists) {
        out.putUuid(topic.topicId());
        out.putVarint(topic.partitions().size());
        int next = 0;
        for (PartitionChange change : topic.partitions()) {
            int flags = (change.newLeaderEpoch() ? NEW_LEADER_EPOCH : 0) | (change.recovering() ? RECOVERING : 0) | (change.assignment().isPresent() ? ASSIGNMENT : 0);
            out.putVarint((change.partition() - next) * 8L + flags);
            out.putVarint(change.leader() + 1L);
            out.putVarint(lists.get(change.isr()));
            change.assignment().ifPresent(assignment -> {
                out.putVarint(lists.get(assignment.replicas()));
                out.putVarint(lists.get(assignment.adding()));
                out.putVarint(lists.get(assignment.removing()));
            });
            next = change.partition() + 1;
        }
    }

    static List<TopicChange> decode(ByteSource in) {
        List<List<Integer>> lists = new ArrayList<>();
        for (int left = in.takeCount(); left > 0; left--) {
            lists.add(takeBrokers(in));
        }
        List<TopicChange> topics = new ArrayList<>();
        for (int left = in.takeCount(); left > 0; left--) {
            topics.add(decodeTopic(in, lists));
        }
        return topics;
    }

    private static TopicChange decodeTopic(ByteSource in, List<List<Integer>> lists) {
        Uuid id = in.takeUuid();
        int count = in.takeCount();
        if (count == 0) {
            throw new EntryFormatException("a topic in which nothing changes");
        }
        List<PartitionChange> changes = new ArrayList<>(count);
        long next = 0;
        for (int i = 0; i < count; i++) {
            long gapAndFlags = in.takeVarlong();
            next += gapAndFlags >>> 3;
            if (next > Integer.MAX_VALUE) {
                throw new EntryFormatException("a partition's number has more than 31 bits");
            }
            changes.add(decodeOne(in, (int) next, (int) (gapAndFlags & 7), lists));
            next++;
        }
        return new TopicChange(id, changes);
    }

    private static PartitionChange decodeOne(ByteSource in, int partition, int flags, List<List<Integer>> lists) {
        int leader = in.takeVarint() - 1;
        List<Integer> isr = take(in, lists);
        Optional<PartitionChange.Assignment> assignment = (flags & ASSIGNMENT) == 0 ? Optional.empty()
                : Optional.of(new PartitionChange.Assignment(take(in, lists), take(in, lists), take(in, lists)));
        return new PartitionChange(partition, leader, (flags & NEW_LEADER_EPOCH) != 0, isr, (flags & RECOVERING) != 0, assignment);
    }

    private static List<Integer> take(ByteSource in, List<List<Integer>> lists) {
        int index = in.takeVarint();
        if (index >= lists.size()) {
            throw new EntryFormatException("there is no list of brokers with this number");
        }
        return lists.get(index);
    }

    private static List<Integer> takeBrokers(ByteSource in) {
        int size = in.takeCount();
        List<Integer> ids = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            ids.add(in.takeVarint());
        }
        return List.copyOf(ids);
    }
}
