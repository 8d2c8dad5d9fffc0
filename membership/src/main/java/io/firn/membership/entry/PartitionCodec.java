package io.firn.membership.entry;

import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The partitions of a topic as bytes: five bytes each for a new topic with one replica, seven with three. Pure.
 *
 * <pre>
 *  partitions  count: varint, count × partition, numbered on from the first
 *  partition   leader + 1: varint, leaderEpoch: varint, partitionEpoch: varint, replicas × 2 + (isr differs ? 1 : 0): varint,
 *              replicas × (broker id: varint), [isr: count: varint, count × (broker id: varint)]
 * </pre>
 *
 * <p>Equal replica lists of one topic become one object: a topic of 10,000 partitions on a handful of brokers has a handful of different ones.
 */
final class PartitionCodec {

    private PartitionCodec() {}

    static void encode(ByteSink out, List<PartitionView> partitions) {
        out.putVarint(partitions.size());
        partitions.forEach(partition -> encode(out, partition));
    }

    private static void encode(ByteSink out, PartitionView partition) {
        boolean isrDiffers = !partition.isr().equals(partition.replicas());
        out.putVarint(partition.leader() + 1L);
        out.putVarint(partition.leaderEpoch());
        out.putVarint(partition.partitionEpoch());
        out.putVarint(partition.replicas().size() * 2L + (isrDiffers ? 1 : 0));
        partition.replicas().forEach(out::putVarint);
        if (isrDiffers) {
            out.putVarint(partition.isr().size());
            partition.isr().forEach(out::putVarint);
        }
    }

    static List<PartitionView> decode(ByteSource in, int first) {
        int count = in.takeCount();
        List<PartitionView> partitions = new ArrayList<>(count);
        Map<List<Integer>, List<Integer>> shared = new HashMap<>();
        for (int i = 0; i < count; i++) {
            partitions.add(decodeOne(in, first + i, shared));
        }
        return partitions;
    }

    private static PartitionView decodeOne(ByteSource in, int number, Map<List<Integer>, List<Integer>> shared) {
        int leader = in.takeVarint() - 1;
        int leaderEpoch = in.takeVarint();
        int partitionEpoch = in.takeVarint();
        int sizeAndFlag = in.takeVarint();
        List<Integer> replicas = brokers(in, sizeAndFlag >>> 1, shared);
        List<Integer> isr = (sizeAndFlag & 1) == 0 ? replicas : brokers(in, in.takeCount(), shared);
        return new PartitionView(number, leader, leaderEpoch, partitionEpoch, replicas, isr);
    }

    private static List<Integer> brokers(ByteSource in, int count, Map<List<Integer>, List<Integer>> shared) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(in.takeVarint());
        }
        return shared.computeIfAbsent(List.copyOf(ids), same -> same);
    }
}
