package io.firn.hot.replication;

/** Why a replica got nothing. The gateway maps each to one Kafka error code, and back. */
public enum FetchError {
    /** Asked under an older leader epoch than the present one. */
    FENCED_LEADER_EPOCH,
    /** Asked under a leader epoch this broker has not heard of yet, or by a broker that is no replica as far as it knows. */
    UNKNOWN_LEADER_EPOCH,
    /** This broker does not lead the partition, or the request is of an earlier life of the follower's broker. */
    NOT_LEADER,
    /** The offset is below the log start, or its epoch is not known. */
    OFFSET_OUT_OF_RANGE,
    /** The offset is not below the log start, but the leader's disk does not have it any more: the cold tier has. */
    MOVED_TO_TIERED_STORAGE,
    /** The leader's log is offline. */
    STORAGE,
    /** The leader does not know the partition (yet, or any more). */
    UNKNOWN_PARTITION,
    /** Anything else; trying again is all there is. */
    OTHER
}
