package io.firn.retention.compaction;

import io.firn.hot.AbortedTransaction;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows the transactions of a log while its batches go by in order: which batches were aborted, and whether a marker still has batches of its
 * transaction before it.
 *
 * <p>Everything it sees lies below the last stable offset, so each transaction is decided; the aborted ones are told beforehand.
 *
 * <p>Limits: one entry a producer with an open transaction, one an aborted transaction. Threading: confined to one thread.
 */
final class Transactions {

    /** What is known of a transaction whose end was not seen yet. */
    private static final class Aborting {
        final AbortedTransaction transaction;
        boolean hasBatches;

        Aborting(AbortedTransaction transaction) {
            this.transaction = transaction;
        }
    }

    private final Deque<AbortedTransaction> toCome = new ArrayDeque<>();
    private final Map<Long, Aborting> aborting = new HashMap<>();
    private final Set<Long> committing = new HashSet<>();

    /** @param fromOffset where the batches begin: what was aborted below concerns none of them */
    Transactions(List<AbortedTransaction> aborted, long fromOffset) {
        aborted.stream().filter(transaction -> transaction.lastOffset() >= fromOffset).distinct()
                .sorted(Comparator.comparingLong(AbortedTransaction::firstOffset)).forEach(toCome::add);
    }

    /**
     * A marker's transaction.
     *
     * @param hasBatches whether a batch of it was seen
     * @param aborted its entry in the transaction index
     */
    record Ended(boolean hasBatches, Optional<AbortedTransaction> aborted) {
        static final Ended NOTHING = new Ended(false, Optional.empty());
    }

    /** A batch with data goes by; whether it was aborted. */
    boolean isAborted(boolean transactional, long producerId, long lastOffset) {
        begin(lastOffset);
        if (!transactional) {
            return false;
        }
        Aborting its = aborting.get(producerId);
        if (its == null || lastOffset > its.transaction.lastOffset()) {
            committing.add(producerId);
            return false;
        }
        its.hasBatches = true;
        return true;
    }

    Ended onCommit(long producerId, long offset) {
        begin(offset);
        return new Ended(committing.remove(producerId), Optional.empty());
    }

    Ended onAbort(long producerId, long offset) {
        begin(offset);
        Aborting its = aborting.remove(producerId);
        return its == null ? new Ended(false, Optional.empty()) : new Ended(its.hasBatches, Optional.of(its.transaction));
    }

    /** Transactions that begin at or below {@code offset} have begun. */
    private void begin(long offset) {
        while (!toCome.isEmpty() && toCome.peek().firstOffset() <= offset) {
            AbortedTransaction transaction = toCome.remove();
            aborting.put(transaction.producerId(), new Aborting(transaction));
        }
    }
}
