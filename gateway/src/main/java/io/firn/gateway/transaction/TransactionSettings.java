package io.firn.gateway.transaction;

/**
 * Limits and times of the transaction coordinator.
 *
 * @param maxTimeoutMs longest transaction a producer may ask for
 * @param idExpirationMs time without use after which a transactional id is forgotten
 * @param sweepIntervalMs time between two looks for transactions that are open for too long
 * @param expiryIntervalMs time between two looks for transactional ids to be forgotten
 * @param writeTimeoutMs longest wait for the commitment of a record
 */
public record TransactionSettings(int maxTimeoutMs, long idExpirationMs, long sweepIntervalMs, long expiryIntervalMs, long writeTimeoutMs) {

    /** Largest batch the coordinator gathers, and the size of the buffer each partition keeps once written; a single larger record goes alone. */
    static final int BATCH_BYTES = 16 * 1024;
}
