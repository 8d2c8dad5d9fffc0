package io.firn.hot.replication;

/** How an append stands that asked for all replicas in sync. */
public enum Commitment {
    /** The high watermark has not passed it. */
    PENDING,
    COMMITTED,
    /** The high watermark has passed it, but the ISR has become smaller than {@code min.insync.replicas} since it was appended. */
    NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    /** This replica leads no more: whether the records will be committed is not known. */
    NOT_LEADER
}
