package io.firn.membership;

import java.util.List;

/**
 * What became of an accepted command. Immutable.
 *
 * @param view as the command left it
 * @param partitions of a command for many partitions: what became of each, in the order asked; empty for other commands
 */
public record Answer(ClusterView view, List<PartitionOutcome> partitions) {
    public Answer {
        partitions = List.copyOf(partitions);
    }
}
