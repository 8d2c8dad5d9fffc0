package io.firn.hot.replication;

/** Told by a {@link Replica}, on the loop, after its state has changed. */
public interface ReplicaListener {

    /** The high watermark has advanced; or, after a truncation in an unclean election, gone back. */
    void onHighWatermark(long offset);

    /** The controller is to be asked for this ISR; {@link Replica#onOutcome} wants to know. */
    void onProposal(IsrProposal proposal);

    /** The role of the newest placement has begun: {@link Replica#leader} and {@link Replica#follower} tell which; neither, if the log is offline, if nobody leads, or if this replica must not lead. Told again if it must not yet, and then leads. */
    void onRole();

    /** {@link Replica#nextFetch} may have something that it had not before. */
    void onReadyToFetch();

    /** {@link Replica#tick} will have something to do after so long, sooner than it may come by itself. */
    void onTickWanted(long delayMs);
}
