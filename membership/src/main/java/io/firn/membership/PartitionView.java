package io.firn.membership;

import java.util.List;

/**
 * One partition's placement. Immutable.
 *
 * @param leader broker id, or -1 when there is none
 * @param leaderEpoch grows with every change of leader
 * @param partitionEpoch grows with every change at all
 */
public record PartitionView(int partition, int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr) {
    public PartitionView {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
    }
}
