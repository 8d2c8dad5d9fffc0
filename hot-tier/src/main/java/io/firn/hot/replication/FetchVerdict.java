package io.firn.hot.replication;

import io.firn.hot.EpochEnd;

/** What a leader says to a {@link ReplicaFetch}. */
public sealed interface FetchVerdict {

    /** The follower's log is a prefix of the leader's; it may read up to the leader's log end. */
    record Read() implements FetchVerdict {}

    /**
     * It is not: up to here the leader knows the follower's last epoch, or the largest one below; below the leader's log start, if it knows neither any more. Nothing is read, and the follower's
     * offset does not count.
     */
    record Diverging(EpochEnd end) implements FetchVerdict {}

    record Refused(FetchError error) implements FetchVerdict {}
}
