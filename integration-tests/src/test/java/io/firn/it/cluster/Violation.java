package io.firn.it.cluster;

/**
 * A promise that was broken.
 *
 * @param promise which
 * @param what the proof, for people
 */
record Violation(Promise promise, String what) {

    enum Promise {
        /** An acknowledged record is in the log, at the offset that was acknowledged. */
        ACKNOWLEDGED_IS_KEPT,
        /** The log has nothing that nobody sent. */
        NOTHING_IS_MADE_UP,
        /** A producer's records of a partition are in the order in which it sent them. */
        ORDER_IS_KEPT,
        /** A record of an idempotent producer is in the log once. */
        NO_DUPLICATES,
        /** What a reader was shown at an offset is what every other reader is shown there, and what the log has in the end. */
        SHOWN_IS_KEPT,
        /** A consumer's position only goes forward, from where its group had committed. */
        POSITIONS_GO_FORWARD,
        /** Committed offsets only go forward, and a confirmed one is not lost. */
        COMMITS_GO_FORWARD,
        /** A group is shown every record below its committed offset. */
        GROUPS_MISS_NOTHING,
        /** Of a transaction, everything is there or nothing: records of all topics, and offsets. */
        TRANSACTIONS_ARE_ATOMIC
    }

    @Override
    public String toString() {
        return promise + ": " + what;
    }
}
