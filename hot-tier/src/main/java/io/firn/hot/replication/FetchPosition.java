package io.firn.hot.replication;

/**
 * What a follower asks its leader for.
 *
 * @param offset the next one it needs; all below is durable here
 * @param lastEpoch epoch of its last record, or {@link ReplicaFetch#NO_EPOCH}
 */
public record FetchPosition(int leader, int leaderEpoch, long offset, int lastEpoch, long logStartOffset) {}
