package io.firn.membership.entry;

import io.firn.membership.PartitionView;
import java.util.List;
import java.util.Optional;

/**
 * What becomes of one partition. Immutable. Its partition epoch grows by one with every change.
 *
 * @param leader as it is then, changed or not
 * @param newLeaderEpoch whether the leader epoch grows by one
 * @param isr as it is then, changed or not
 * @param recovering as it is then
 * @param assignment empty if the replicas stay
 */
public record PartitionChange(int partition, int leader, boolean newLeaderEpoch, List<Integer> isr, boolean recovering, Optional<Assignment> assignment) {
    public PartitionChange {
        isr = List.copyOf(isr);
    }

    /** Replicas as they are then, and those of them that a reassignment adds and removes. */
    public record Assignment(List<Integer> replicas, List<Integer> adding, List<Integer> removing) {
        public Assignment {
            replicas = List.copyOf(replicas);
            adding = List.copyOf(adding);
            removing = List.copyOf(removing);
        }

        public static Assignment of(PartitionView partition) {
            return new Assignment(partition.replicas(), partition.adding(), partition.removing());
        }
    }

    public PartitionView applyTo(PartitionView before) {
        Assignment then = assignment.orElse(null);
        int leaderEpoch = newLeaderEpoch ? Math.addExact(before.leaderEpoch(), 1) : before.leaderEpoch();
        int partitionEpoch = Math.addExact(before.partitionEpoch(), 1);
        return then == null ? new PartitionView(partition, leader, leaderEpoch, partitionEpoch, before.replicas(), isr, before.adding(), before.removing(), recovering)
                : new PartitionView(partition, leader, leaderEpoch, partitionEpoch, then.replicas(), isr, then.adding(), then.removing(), recovering);
    }
}
