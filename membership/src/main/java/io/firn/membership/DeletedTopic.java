package io.firn.membership;

import org.apache.kafka.common.Uuid;

/**
 * A topic that the cluster has had and has deleted. Immutable.
 *
 * @param version of the entry that deleted it
 * @param leaderEpoch no leader of any of its partitions had a greater one
 * @param buried it can never be restored: what others have of it may be deleted
 */
public record DeletedTopic(Uuid id, long version, int leaderEpoch, boolean buried) {}
