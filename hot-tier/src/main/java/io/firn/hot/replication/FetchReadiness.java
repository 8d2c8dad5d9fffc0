package io.firn.hot.replication;

/** Whether a replica has something to ask its leader. */
public enum FetchReadiness {
    READY,
    /** It has asked. */
    ASKING,
    /** Something is being done to its log, which ends soon and is told ({@link ReplicaListener#onReadyToFetch}). */
    BUSY,
    /** It waits for time to pass after a failure. */
    WAITING,
    /** It does not follow, or waits for somebody to act. */
    NONE
}
