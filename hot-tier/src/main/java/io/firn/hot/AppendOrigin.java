package io.firn.hot;

/** Who wrote a batch; it decides which checks an append makes. */
public enum AppendOrigin {
    /** A producer: exactly one batch, no control records, sequences checked, offsets assigned here. */
    CLIENT,
    /** A coordinator on this broker: control batches (transaction markers) allowed, offsets assigned here. */
    COORDINATOR,
    /** A leader's bytes as a follower fetched them: several batches, offsets and epochs already assigned. */
    REPLICATION
}
