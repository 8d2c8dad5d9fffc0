package io.firn.membership;

import java.util.List;

/**
 * One partition's placement. Immutable.
 *
 * <p>Invariants the controller keeps: the leader is in sync or there is none; in-sync replicas are replicas; a broker is named once. The in-sync replicas stand in the
 * order of the replicas. They are never empty but where every broker that was in sync lost its disk.
 *
 * @param leader broker id, or {@link #NO_LEADER}
 * @param leaderEpoch grows with every change of leader, and when replicas are taken away
 * @param partitionEpoch grows with every change at all
 * @param replicas the first is the preferred leader; during a reassignment the target's replicas and then those to be removed
 * @param adding replicas that a reassignment waits for
 * @param removing replicas that go when the reassignment is complete
 * @param recovering the leader was not in sync when it was elected, and has not said yet that it is done with what follows from it
 */
public record PartitionView(int partition, int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr, List<Integer> adding, List<Integer> removing,
        boolean recovering) {

    public static final int NO_LEADER = -1;

    public PartitionView {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
        adding = List.copyOf(adding);
        removing = List.copyOf(removing);
    }

    /** Neither being reassigned nor recovering. */
    public PartitionView(int partition, int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas, List<Integer> isr) {
        this(partition, leader, leaderEpoch, partitionEpoch, replicas, isr, List.of(), List.of(), false);
    }

    public boolean reassigning() {
        return !adding.isEmpty() || !removing.isEmpty();
    }

    /** The replicas as they are to be: without those that go. */
    public List<Integer> target() {
        return removing.isEmpty() ? replicas : replicas.stream().filter(id -> !removing.contains(id)).toList();
    }
}
