package io.firn.it.simulation;

/** Known ways to do it wrong, built into the simulated surroundings: each must be noticed by an invariant. */
enum Mistake {
    NONE,
    /** A leader acknowledges what it alone has. */
    ACK_BEFORE_ISR,
    /** A follower of a new epoch cuts its log at its high watermark first, as Kafka did before KIP-101. */
    TRUNCATE_TO_HIGH_WATERMARK,
    /** Every keeper of the metadata takes itself for a majority. */
    SKIP_JOURNAL_MAJORITY,
    /** Objects go from the bucket before the manifest that drops them is committed. */
    DELETE_BEFORE_MANIFEST_COMMIT,
    /** A leader deletes its local segment when the object was uploaded, before the manifest that names it is committed. */
    DELETE_LOCAL_BEFORE_COMMIT,
    /** A replica vouches for bytes that a power loss may take. */
    COUNT_UNFORCED,
    /** A follower does not say of which epoch its last record is. */
    NO_DIVERGENCE_CHECK,
    /** A leader goes on without a lease. */
    IGNORE_LEASE,
    /** A consumer that wants only what is committed is not told which transactions were aborted. */
    HIDE_ABORTED,
    /** A leader that was elected unclean takes itself for one that was in sync. */
    LEAD_UNCLEAN_AS_IT_IS
}
