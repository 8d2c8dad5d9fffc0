package io.firn.gateway.transaction;

import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The end of a transaction, as it is written into each of its partitions.
 *
 * @param coordinatorEpoch leader epoch of the coordinator's partition
 * @param transactionVersion by which the epoch is judged: from 2 on it has to be above that of the transaction's records
 */
public record EndMarker(long producerId, short epoch, int coordinatorEpoch, boolean commit, short transactionVersion, Set<TopicPartition> partitions) {

    EndMarker at(Set<TopicPartition> others) {
        return new EndMarker(producerId, epoch, coordinatorEpoch, commit, transactionVersion, Set.copyOf(others));
    }
}
