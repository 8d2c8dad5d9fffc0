package io.firn.hot.replication;

import io.firn.hot.RecordBuffers;

/** What a follower does about its log after a reply. It asks for nothing before that is done and {@link FollowerState} told. */
public sealed interface FollowerStep {

    /** Nothing: the reply is of another time, or had no records, or the follower waits. */
    record None() implements FollowerStep {}

    /** Append these bytes as they are; then {@link FollowerState#appended} or {@link FollowerState#failed}. */
    record Append(RecordBuffers records) implements FollowerStep {}

    /** Cut the log at {@code offset}, then {@link FollowerState#changed}. @param lostCommitted number of offsets below the known high watermark that go: more than 0 only after an unclean election */
    record Truncate(long offset, long lostCommitted) implements FollowerStep {}

    /**
     * Drop all and begin empty at {@code offset}, the leader's log start: what the leader had below is deleted everywhere, and what is below here may be of another history. Then {@link FollowerState#changed}.
     *
     * @param lostCommitted as of {@link Truncate}
     */
    record StartAt(long offset, long lostCommitted) implements FollowerStep {}

    /** Begin at the tier boundary, with leader epochs and producers from the bucket; then {@link FollowerState#changed}, or {@link FollowerState#failed} if there is none. */
    record StartAtTierBoundary() implements FollowerStep {}
}
