package io.firn.gateway.transaction;

import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;

/**
 * A transactional id and the state of its present, or last, transaction. Its methods are the legal transitions; each throws {@link IllegalStateException} from a state it does not lead from.
 *
 * <p>The values are those of Kafka's {@code TransactionMetadata}, bit for bit (a property test compares the records).
 *
 * <p>Immutable.
 *
 * @param previousProducerId the producer id before the last transition: it tells a request that is repeated over a change of the producer id
 * @param nextProducerId takes over when the transaction is complete, as the epochs of {@code producerId} are used up; else -1
 * @param epoch -1 until the first producer is initialized. In PREPARE_* of version 2: the raised one, which its markers carry
 * @param lastEpoch the epoch before, by which a repeated InitProducerId is recognized; -1 if unknown, as after loading: it is not in the log
 * @param partitions partitions with records of the transaction, group offsets included
 * @param startMs when the first partition was added, or -1
 * @param updateMs of the last transition, for expiry
 * @param version transaction version of the client that made the last transition, and so of the markers
 */
record Transaction(long producerId, long previousProducerId, long nextProducerId, short epoch, short lastEpoch, int timeoutMs, TransactionState state,
        Set<TopicPartition> partitions, long startMs, long updateMs, TransactionVersion version) {

    private static final long NO_ID = RecordBatch.NO_PRODUCER_ID;
    private static final short NO_EPOCH = RecordBatch.NO_PRODUCER_EPOCH;
    private static final long NO_TIME = RecordBatch.NO_TIMESTAMP;

    Transaction {
        if (producerId < 0 || epoch < NO_EPOCH) {
            throw new IllegalArgumentException("producer id " + producerId + ", epoch " + epoch);
        }
        partitions = Set.copyOf(partitions);
        if (state == TransactionState.EMPTY && !partitions.isEmpty()) {
            throw new IllegalArgumentException("empty, but with partitions");
        }
    }

    /** A transactional id nobody has used yet: not to be written before its first epoch. */
    static Transaction fresh(long producerId, int timeoutMs, long nowMs) {
        return new Transaction(producerId, NO_ID, NO_ID, NO_EPOCH, NO_EPOCH, timeoutMs, TransactionState.EMPTY, Set.of(), NO_TIME, nowMs, TransactionVersion.TV_0);
    }

    /** No epoch above may be given to a producer: the last one is kept for fencing it. */
    boolean isEpochExhausted() {
        return TransactionMetadata.isEpochExhausted(epoch);
    }

    boolean isPrepared() {
        return state == TransactionState.PREPARE_COMMIT || state == TransactionState.PREPARE_ABORT;
    }

    boolean isComplete() {
        return state == TransactionState.COMPLETE_COMMIT || state == TransactionState.COMPLETE_ABORT;
    }

    private boolean isIdle() {
        return state == TransactionState.EMPTY || isComplete();
    }

    /** Whether it has been open for longer than its producer wanted. Two-phase transactions never are. */
    boolean isTimedOut(long nowMs) {
        return state == TransactionState.ONGOING && timeoutMs != Integer.MAX_VALUE && startMs + timeoutMs < nowMs;
    }

    boolean isExpired(long nowMs, long expirationMs) {
        return isIdle() && updateMs <= nowMs - expirationMs;
    }

    // Transitions

    /** A producer begins (or goes on after an error) with {@code epoch} of the same producer id. */
    Transaction initialized(short newEpoch, short newLastEpoch, int newTimeoutMs, long nowMs) {
        from(isIdle(), "initialize");
        return new Transaction(producerId, producerId, nextProducerId, newEpoch, newLastEpoch, newTimeoutMs, TransactionState.EMPTY, Set.of(), NO_TIME, nowMs, version);
    }

    /** A producer begins with a new producer id. */
    Transaction rotated(long newProducerId, short newLastEpoch, int newTimeoutMs, long nowMs) {
        from(isIdle(), "rotate the producer id of");
        return new Transaction(newProducerId, producerId, nextProducerId, (short) 0, newLastEpoch, newTimeoutMs, TransactionState.EMPTY, Set.of(), NO_TIME, nowMs, version);
    }

    Transaction withPartitions(Set<TopicPartition> added, TransactionVersion client, long nowMs) {
        from(isIdle() || state == TransactionState.ONGOING, "add partitions to");
        Set<TopicPartition> all = new LinkedHashSet<>(partitions);
        all.addAll(added);
        return new Transaction(producerId, producerId, nextProducerId, epoch, lastEpoch, timeoutMs, TransactionState.ONGOING, all, isIdle() ? nowMs : startMs, nowMs, client);
    }

    /**
     * The decision to commit or abort. Under version 2 an abort may also come when no transaction is open: it raises the epoch.
     *
     * @param next producer id to take over when complete, or -1
     */
    Transaction prepared(boolean commit, TransactionVersion client, long next, long nowMs) {
        boolean raises = client.supportsEpochBump();
        from(state == TransactionState.ONGOING || !commit && raises && isIdle(), "end");
        // At the greatest epoch, which no producer should ever have had, an abort goes through so that the transactional id recovers.
        short nextEpoch = raises && (commit || epoch != Short.MAX_VALUE) ? (short) (epoch + 1) : epoch;
        return new Transaction(producerId, producerId, next, nextEpoch, raises ? epoch : lastEpoch, timeoutMs,
                commit ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT, partitions, isIdle() ? nowMs : startMs, nowMs, client);
    }

    /** All markers are written. */
    Transaction completed(long nowMs) {
        from(isPrepared(), "complete");
        boolean rotates = version.supportsEpochBump() && nextProducerId != NO_ID;
        return new Transaction(rotates ? nextProducerId : producerId, producerId, NO_ID, rotates ? 0 : epoch, lastEpoch, timeoutMs,
                state == TransactionState.PREPARE_COMMIT ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT, Set.of(), startMs, nowMs, version);
    }

    private void from(boolean legal, String what) {
        if (!legal) {
            throw new IllegalStateException("cannot " + what + " a transaction in state " + state);
        }
    }
}
