package io.firn.hot.producer;

import io.firn.hot.ProducerStamp;
import io.firn.hot.TransactionTerms;
import io.firn.hot.batch.BatchHeader;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The transactions whose first batch is on its way into a partition: the coordinator is being asked about them, or was (KIP-890; Kafka's {@code VerificationStateEntry}).
 *
 * <p>Also keeps the lowest sequence that asked, so that a later batch whose answer comes first does not overtake it.
 *
 * <p><i>Invariant</i>: a guard counts from {@link #begin} until the next transactional batch or marker of its producer is in the log. It is in memory only: after a restart or a
 * truncation nothing that was begun before counts.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class Verifications {
    private final Map<Long, Verification> byProducer = new HashMap<>();

    private static final class Verification {
        private final Object guard;
        private final boolean addsPartition;
        private final long sinceMs;
        private short epoch;
        private int lowestSequence;

        Verification(ProducerStamp stamp, boolean addsPartition, Object guard, long nowMs) {
            this.guard = guard;
            this.addsPartition = addsPartition;
            this.sinceMs = nowMs;
            this.epoch = stamp.epoch();
            this.lowestSequence = stamp.baseSequence();
        }

        void include(ProducerStamp stamp) {
            if (stamp.epoch() == epoch) {
                lowestSequence = Math.min(lowestSequence, stamp.baseSequence());
            } else if (stamp.epoch() > epoch) {
                epoch = stamp.epoch();
                lowestSequence = stamp.baseSequence();
            }
        }
    }

    int size() {
        return byProducer.size();
    }

    boolean knows(long producerId) {
        return byProducer.containsKey(producerId);
    }

    /** The guard to show with the append: {@code guard}, or the one given out before that still counts. */
    Object begin(ProducerStamp stamp, boolean addsPartition, Object guard, long nowMs) {
        Verification verification = byProducer.computeIfAbsent(stamp.producerId(), id -> new Verification(stamp, addsPartition, guard, nowMs));
        verification.include(stamp);
        return verification.guard;
    }

    /** Whether {@code terms} show the guard that counts for the producer. */
    boolean confirms(long producerId, TransactionTerms terms) {
        Verification verification = byProducer.get(producerId);
        return verification != null && verification.guard.equals(terms.guard());
    }

    /** Why a client's batch may not come now, by its sequence; empty if it may. */
    Optional<String> outOfOrder(BatchHeader batch, ProducerState state) {
        Verification verification = byProducer.isEmpty() ? null : byProducer.get(batch.producerId());
        if (verification == null) {
            return Optional.empty();
        }
        if (verification.addsPartition && batch.baseSequence() != 0 && state.batches() == 0) {
            return Optional.of("the producer is new here and has to begin at sequence 0");
        }
        return batch.baseSequence() > verification.lowestSequence ? Optional.of("sequence " + verification.lowestSequence + " asked first and is not in the log") : Optional.empty();
    }

    void end(long producerId) {
        byProducer.remove(producerId);
    }

    /** Forgets what was begun {@code ageMs} ago or earlier and never came to an append. */
    void expire(long nowMs, long ageMs) {
        byProducer.values().removeIf(verification -> nowMs - verification.sinceMs >= ageMs);
    }
}
