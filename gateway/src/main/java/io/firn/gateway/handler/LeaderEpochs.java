package io.firn.gateway.handler;

import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Partitions.Found;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;

/** What requests that carry a leader epoch have in common. Pure functions. */
final class LeaderEpochs {

    private static final int UNKNOWN = -1;

    private LeaderEpochs() {}

    /** The partition, for a request that has no topic id. */
    static Found locate(Partitions partitions, String topic, int partition) {
        return partitions.locate(new TopicIdPartition(Uuid.ZERO_UUID, partition, topic));
    }

    /** Fences a client that knows an older or a newer leader than this one; -1 is a client that does not know. */
    static Errors check(int clientEpoch, int leaderEpoch) {
        if (clientEpoch == UNKNOWN || clientEpoch == leaderEpoch) {
            return Errors.NONE;
        }
        return clientEpoch < leaderEpoch ? Errors.FENCED_LEADER_EPOCH : Errors.UNKNOWN_LEADER_EPOCH;
    }
}
