package io.firn.hot;

/** Why an append was rejected. The gateway maps each to one Kafka error code. */
public enum AppendError {
    /** The bytes are damaged: the length does not fit them, the magic is unknown or the CRC differs. Sending again may help. */
    CORRUPT_BATCH,
    /** The batch is undamaged but not allowed (counts that contradict each other, several batches, control batch from a client, no records, compacted topic without key...). */
    INVALID_RECORD,
    /** A record format older than magic 2. */
    UNSUPPORTED_FORMAT,
    /** Larger than {@code max.message.bytes}. */
    TOO_LARGE,
    /** Larger than a segment may grow ({@code segment.bytes}). */
    LARGER_THAN_SEGMENT,
    /** The timestamp is further from the broker's clock than the topic allows. */
    INVALID_TIMESTAMP,
    /** An idempotent producer's sequence is not the next one. */
    OUT_OF_ORDER_SEQUENCE,
    /** The producer's epoch is older than the newest one seen. */
    INVALID_PRODUCER_EPOCH,
    /** A transactional batch outside of a transaction, or a non-transactional one inside. */
    INVALID_TRANSACTION_STATE,
    /** The producer is new and the table of producers is full of open transactions, so that none can be forgotten for it. Retriable. */
    TOO_MANY_PRODUCERS,
    /** The transaction coordinator that sent a marker is no longer the current one. */
    COORDINATOR_FENCED,
    /** The disk has no room. Retriable: the log resumes by itself once there is space. */
    DISK_FULL,
    /** The log met an I/O error or corruption in committed data and serves nothing until an operator acts. */
    OFFLINE,
    /** Something went wrong that nobody thought of, while the batch was looked at: nothing was appended or changed, and the log takes others. An ERROR says more. */
    UNEXPECTED,
    /** This replica does not lead, or may not act as the leader at this time: nothing was appended. Another one may lead. */
    NOT_LEADER,
    /** Fewer replicas are in sync than {@code min.insync.replicas} asks for, and the append was to be committed: nothing was appended. */
    NOT_ENOUGH_REPLICAS
}
