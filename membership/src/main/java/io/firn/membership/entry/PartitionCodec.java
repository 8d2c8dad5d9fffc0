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
 *              replicas × (broker id: varint), [isr: brokers], from version 2 on [unsettled]
 *  unsettled   in version 2, where the number of replicas is × 4 and + (unsettled ? 2 : 0): recovering: flag, adding: brokers, removing: brokers
 *  brokers     count: varint, count × (broker id: varint)
 * </pre>
 *
 * <p>Equal replica lists of one topic become one object: a topic of 10,000 partitions on a handful of brokers has a handful of different ones.
 */
final class PartitionCodec {

    /** The version that says what a reassignment adds and removes, and who recovers. */
    static final int REASSIGNING_VERSION = 2;

    private PartitionCodec() {}

    static int version(List<PartitionView> partitions) {
        return partitions.stream().anyMatch(PartitionCodec::unsettled) ? REASSIGNING_VERSION : 1;
    }

    private static boolean unsettled(PartitionView partition) {
        return partition.reassigning() || partition.recovering();
    }

    static void encode(ByteSink out, List<PartitionView> partitions) {
        out.putVarint(partitions.size());
        int version = version(partitions);
        partitions.forEach(partition -> encode(out, partition, version));
    }

    private static void encode(ByteSink out, PartitionView partition, int version) {
        boolean isrDiffers = !partition.isr().equals(partition.replicas());
        out.putVarint(partition.leader() + 1L);
        out.putVarint(partition.leaderEpoch());
        out.putVarint(partition.partitionEpoch());
        int flags = (isrDiffers ? 1 : 0) | (unsettled(partition) ? 2 : 0);
        out.putVarint(partition.replicas().size() * (version == 1 ? 2L : 4L) + flags);
        partition.replicas().forEach(out::putVarint);
        if (isrDiffers) {
            putBrokers(out, partition.isr());
        }
        if (unsettled(partition)) {
            out.putByte(partition.recovering() ? 1 : 0);
            putBrokers(out, partition.adding());
            putBrokers(out, partition.removing());
        }
    }

    private static void putBrokers(ByteSink out, List<Integer> ids) {
        out.putVarint(ids.size());
        ids.forEach(out::putVarint);
    }

    static List<PartitionView> decode(ByteSource in, int first, int version) {
        int count = in.takeCount();
        List<PartitionView> partitions = new ArrayList<>(count);
        Map<List<Integer>, List<Integer>> shared = new HashMap<>();
        for (int i = 0; i < count; i++) {
            partitions.add(decodeOne(in, first + i, version, shared));
        }
        return partitions;
    }

    private static PartitionView decodeOne(ByteSource in, int number, int version, Map<List<Integer>, List<Integer>> shared) {
        int leader = in.takeVarint() - 1;
        int leaderEpoch = in.takeVarint();
        int partitionEpoch = in.takeVarint();
        int sizeAndFlags = in.takeVarint();
        int flagBits = version == 1 ? 1 : 2;
        List<Integer> replicas = brokers(in, sizeAndFlags >>> flagBits, shared);
        List<Integer> isr = (sizeAndFlags & 1) == 0 ? replicas : brokers(in, in.takeCount(), shared);
        boolean unsettled = version == REASSIGNING_VERSION && (sizeAndFlags & 2) != 0;
        boolean recovering = unsettled && in.takeFlag();
        List<Integer> adding = unsettled ? brokers(in, in.takeCount(), shared) : List.of();
        List<Integer> removing = unsettled ? brokers(in, in.takeCount(), shared) : List.of();
        return new PartitionView(number, leader, leaderEpoch, partitionEpoch, replicas, isr, adding, removing, recovering);
    }

    private static List<Integer> brokers(ByteSource in, int count, Map<List<Integer>, List<Integer>> shared) {
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(in.takeVarint());
        }
        return shared.computeIfAbsent(List.copyOf(ids), same -> same);
    }
}
