package io.firn.gateway.transaction;

import io.firn.gateway.transaction.Decision.Keep;
import io.firn.gateway.transaction.Decision.NeedsProducerId;
import io.firn.gateway.transaction.Decision.Write;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;

/**
 * What each request does to a transactional id: the behaviour of Apache Kafka 4.3's transaction coordinator as functions {@code (state, request, now) → decision}.
 *
 * <p>The states are those written, committed or not: a decision that builds on a record which is not committed yet is answered after it, and taken back with it. So Kafka's pending states,
 * and most of its CONCURRENT_TRANSACTIONS, do not exist here. What remains of them: a transaction that is prepared has to be complete before anything else may happen.
 *
 * <p>Pure functions.
 */
final class TransactionRules {

    private TransactionRules() {}

    /** A producer id with an epoch that a client says it has. */
    record Producer(long id, short epoch) {}

    /** A request that ends a transaction. */
    record End(Producer producer, boolean commit, TransactionVersion version) {}

    // InitProducerId

    /**
     * A producer begins, or goes on after an error with what it has ({@code expected}, KIP-360).
     *
     * @param fresh a new producer id, once {@link NeedsProducerId} asked for it
     */
    static Decision initialize(Optional<Transaction> current, int timeoutMs, Optional<Producer> expected, OptionalLong fresh, long nowMs) {
        if (current.isEmpty() && fresh.isEmpty()) {
            return new NeedsProducerId();
        }
        Transaction transaction = current.orElseGet(() -> Transaction.fresh(fresh.getAsLong(), timeoutMs, nowMs));
        if (transaction.isPrepared()) {
            return refuse(Errors.CONCURRENT_TRANSACTIONS);
        }
        if (expected.isPresent() && !mayGoOn(transaction, expected.get())) {
            return refuse(Errors.PRODUCER_FENCED);
        }
        return transaction.state() == TransactionState.ONGOING ? abortBefore(transaction, fresh, nowMs) : begin(transaction, timeoutMs, expected, fresh, nowMs);
    }

    /** Its epoch is looked at later. A producer id of before is right only when its epochs were used up: the client has not heard of the new one. */
    private static boolean mayGoOn(Transaction transaction, Producer expected) {
        return transaction.epoch() == RecordBatch.NO_PRODUCER_EPOCH || expected.id() == transaction.producerId()
                || expected.id() == transaction.previousProducerId() && TransactionMetadata.isEpochExhausted(expected.epoch());
    }

    private static Decision begin(Transaction transaction, int timeoutMs, Optional<Producer> expected, OptionalLong fresh, long nowMs) {
        short epoch = transaction.epoch();
        boolean present = expected.isEmpty() || epoch == RecordBatch.NO_PRODUCER_EPOCH || expected.get().epoch() == epoch;
        if (!present && expected.get().epoch() != transaction.lastEpoch()) {
            return refuse(Errors.PRODUCER_FENCED);
        }
        if (!present) { // asked again
            return initialized(transaction.initialized(epoch, transaction.lastEpoch(), timeoutMs, nowMs));
        }
        short last = expected.isPresent() ? epoch : RecordBatch.NO_PRODUCER_EPOCH;
        if (!transaction.isEpochExhausted()) {
            return initialized(transaction.initialized((short) (epoch + 1), last, timeoutMs, nowMs));
        }
        return fresh.isEmpty() ? new NeedsProducerId() : initialized(transaction.rotated(fresh.getAsLong(), last, timeoutMs, nowMs));
    }

    private static Decision initialized(Transaction next) {
        return new Write(next, new Reply(Errors.NONE, next.producerId(), next.epoch()));
    }

    /** The open transaction is aborted first, with a raised epoch that fences its producer and is told to nobody; the client asks again. */
    private static Decision abortBefore(Transaction transaction, OptionalLong fresh, long nowMs) {
        return fence(transaction, Reply.of(Errors.CONCURRENT_TRANSACTIONS), fresh, nowMs);
    }

    private static Decision fence(Transaction transaction, Reply reply, OptionalLong fresh, long nowMs) {
        return ended(transaction, false, TransactionVersion.LATEST_PRODUCTION, next -> reply, fresh, nowMs);
    }

    // Partitions

    static Decision addPartitions(Optional<Transaction> current, Producer producer, Set<TopicPartition> partitions, TransactionVersion version, long nowMs) {
        if (current.isEmpty()) {
            return refuse(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
        Transaction transaction = current.get();
        // Before anything else: the client may have been told the producer id and epoch that come with the completion.
        Errors refusal = transaction.isPrepared() ? Errors.CONCURRENT_TRANSACTIONS : membership(transaction, producer);
        if (refusal != Errors.NONE) {
            return refuse(refusal);
        }
        if (transaction.state() == TransactionState.ONGOING && transaction.partitions().containsAll(partitions)) {
            return new Keep(Reply.of(Errors.NONE));
        }
        return new Write(transaction.withPartitions(partitions, version, nowMs), Reply.of(Errors.NONE));
    }

    /** Whether the producer may write in its transaction, or begin one. */
    private static Errors membership(Transaction transaction, Producer producer) {
        if (transaction.producerId() != producer.id()) {
            return Errors.INVALID_PRODUCER_ID_MAPPING;
        }
        if (transaction.epoch() != producer.epoch()) {
            return Errors.PRODUCER_FENCED;
        }
        return transaction.isPrepared() ? Errors.CONCURRENT_TRANSACTIONS : Errors.NONE;
    }

    /** Whether {@code partition} belongs to the producer's open transaction; TRANSACTION_ABORTABLE if only that is wrong. */
    static Errors verify(Optional<Transaction> current, Producer producer, TopicPartition partition) {
        Errors refusal = current.map(transaction -> membership(transaction, producer)).orElse(Errors.INVALID_PRODUCER_ID_MAPPING);
        return refusal != Errors.NONE || current.get().partitions().contains(partition) ? refusal : Errors.TRANSACTION_ABORTABLE;
    }

    // End

    static Decision end(Optional<Transaction> current, End end, OptionalLong fresh, long nowMs) {
        if (current.isEmpty()) {
            return refuse(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
        return end.version().supportsEpochBump() ? endRaising(current.get(), end, fresh, nowMs) : endKeeping(current.get(), end, nowMs);
    }

    /** Versions 0 and 1: the producer keeps its epoch, so a repeated request looks like the first and is told by the state alone. */
    private static Decision endKeeping(Transaction transaction, End end, long nowMs) {
        if (transaction.producerId() != end.producer().id()) {
            return refuse(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
        if (transaction.epoch() != end.producer().epoch()) {
            return refuse(Errors.PRODUCER_FENCED);
        }
        if (transaction.state() == TransactionState.ONGOING) {
            return new Write(transaction.prepared(end.commit(), TransactionVersion.TV_0, RecordBatch.NO_PRODUCER_ID, nowMs), Reply.of(Errors.NONE));
        }
        if (transaction.isPrepared()) {
            return refuse(Errors.CONCURRENT_TRANSACTIONS);
        }
        boolean repeated = transaction.state() == (end.commit() ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT);
        return refuse(repeated ? Errors.NONE : Errors.INVALID_TXN_STATE);
    }

    /** Version 2: each end raises the epoch, so a repeated request has the epoch before, or at the last epoch the producer id before. */
    private static Decision endRaising(Transaction transaction, End end, OptionalLong fresh, long nowMs) {
        if (transaction.isPrepared()) {
            return refuse(Errors.CONCURRENT_TRANSACTIONS);
        }
        Producer producer = end.producer();
        boolean again = transaction.epoch() == producer.epoch() + 1;
        boolean againOverNewId = transaction.previousProducerId() == producer.id() && producer.epoch() == Short.MAX_VALUE - 1 && transaction.epoch() == 0;
        boolean present = transaction.epoch() == producer.epoch();
        if (transaction.producerId() != producer.id() && !againOverNewId) {
            return refuse(Errors.INVALID_PRODUCER_ID_MAPPING);
        }
        if (!present && !(transaction.isComplete() && (again || againOverNewId))) {
            return refuse(Errors.PRODUCER_FENCED);
        }
        return switch (transaction.state()) {
            case ONGOING -> ended(transaction, end.commit(), end.version(), TransactionRules::successor, fresh, nowMs);
            case EMPTY -> end.commit() ? refuse(Errors.INVALID_TXN_STATE) : ended(transaction, false, end.version(), TransactionRules::successor, fresh, nowMs);
            case COMPLETE_COMMIT, COMPLETE_ABORT -> endAfterEnd(transaction, end, again || againOverNewId, fresh, nowMs);
            case PREPARE_COMMIT, PREPARE_ABORT, DEAD, PREPARE_EPOCH_FENCE -> throw new IllegalStateException("not a state to end from: " + transaction.state());
        };
    }

    /** Nothing is open: the request is a repeated one, or an abort of a transaction that got no partition, which raises the epoch all the same. */
    private static Decision endAfterEnd(Transaction transaction, End end, boolean repeated, OptionalLong fresh, long nowMs) {
        boolean committed = transaction.state() == TransactionState.COMPLETE_COMMIT;
        if (repeated) {
            return end.commit() == committed ? new Keep(new Reply(Errors.NONE, transaction.producerId(), transaction.epoch())) : refuse(Errors.INVALID_TXN_STATE);
        }
        return end.commit() ? refuse(Errors.INVALID_TXN_STATE) : ended(transaction, false, end.version(), TransactionRules::successor, fresh, nowMs);
    }

    private interface Answer {
        Reply after(Transaction prepared);
    }

    /** The producer id and epoch that the client goes on with: those the transaction will have when it is complete. */
    private static Reply successor(Transaction prepared) {
        boolean rotates = prepared.nextProducerId() != RecordBatch.NO_PRODUCER_ID;
        return new Reply(Errors.NONE, rotates ? prepared.nextProducerId() : prepared.producerId(), rotates ? 0 : prepared.epoch());
    }

    private static Decision ended(Transaction transaction, boolean commit, TransactionVersion version, Answer answer, OptionalLong fresh, long nowMs) {
        boolean rotates = transaction.isEpochExhausted();
        if (rotates && fresh.isEmpty()) {
            return new NeedsProducerId();
        }
        Transaction prepared = transaction.prepared(commit, version, rotates ? fresh.getAsLong() : RecordBatch.NO_PRODUCER_ID, nowMs);
        return new Write(prepared, answer.after(prepared));
    }

    // What the coordinator does by itself

    /** Aborts a transaction that is open for too long, if it is still the one of {@code producer}; its epoch is raised, so that the producer learns of it. */
    static Decision timeOut(Optional<Transaction> current, Producer producer, OptionalLong fresh, long nowMs) {
        boolean same = current.isPresent() && current.get().producerId() == producer.id() && current.get().epoch() == producer.epoch() && current.get().isTimedOut(nowMs);
        return same ? fence(current.get(), Reply.of(Errors.NONE), fresh, nowMs) : refuse(Errors.CONCURRENT_TRANSACTIONS);
    }

    /**
     * All markers of {@code prepared} are written. Whether that is what is prepared now, its epoch alone does not tell: under versions 0 and 1 a producer ends many transactions with the same
     * one, and a completion that is written again, since nobody knew whether the first time had worked, may come when the next transaction is prepared.
     */
    static Decision complete(Optional<Transaction> current, Transaction prepared, long nowMs) {
        return current.filter(Transaction::isPrepared).equals(Optional.of(prepared)) ? new Write(prepared.completed(nowMs), Reply.of(Errors.NONE)) : new Keep(Reply.of(Errors.NONE));
    }

    private static Keep refuse(Errors error) {
        return new Keep(Reply.of(error));
    }
}
