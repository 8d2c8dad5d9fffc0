package io.firn.hot.replication;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who holds a partition, as the controller has committed it.
 *
 * @param leader broker id, or -1 when there is none
 * @param leaderEpoch grows with each election
 * @param partitionEpoch grows with each change at all
 * @param replicas all brokers that hold the partition, in order of preference
 * @param isr those in sync
 * @param recovering whether the leader was not in sync when it was elected, and has not told the controller yet that it has done what follows from that (KIP-704)
 */
public record Placement(int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas, Set<Integer> isr, boolean recovering) {

    /** Elected from those in sync. */
    public Placement(int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas, Set<Integer> isr) {
        this(leader, leaderEpoch, partitionEpoch, replicas, isr, false);
    }

    public Placement {
        replicas = List.copyOf(replicas);
        isr = Set.copyOf(isr);
        if (leaderEpoch < 0 || partitionEpoch < 0 || !replicas.containsAll(isr) || leader >= 0 && !replicas.contains(leader)) {
            throw new IllegalArgumentException("leader " + leader + " of epoch " + leaderEpoch + ", partition epoch " + partitionEpoch + ", replicas " + replicas + ", ISR " + new TreeSet<>(isr));
        }
    }
}
