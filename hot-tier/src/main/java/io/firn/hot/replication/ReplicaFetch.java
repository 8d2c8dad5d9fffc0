package io.firn.hot.replication;

/**
 * A follower's request for one partition, as the leader sees it.
 *
 * @param brokerEpoch registration of the follower's broker, or {@link IsrProposal#ANY_EPOCH}
 * @param leaderEpoch under which the follower follows, or {@link #NO_EPOCH} for a client that does not know
 * @param offset the next one the follower needs; it vouches for all below
 * @param lastEpoch epoch of its last record, or {@link #NO_EPOCH} if it has none
 * @param logStartOffset its own
 */
public record ReplicaFetch(int brokerId, long brokerEpoch, int leaderEpoch, long offset, int lastEpoch, long logStartOffset) {

    public static final int NO_EPOCH = -1;
}
