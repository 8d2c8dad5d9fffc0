package io.firn.hot.producer;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.CorruptStateException;
import io.firn.hot.MarkerRule;
import io.firn.hot.ProducerLast;
import io.firn.hot.ProducerStamp;
import io.firn.hot.ProducerView;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.ControlRecord;
import io.firn.hot.producer.ProducerDecision.Accept;
import io.firn.hot.producer.ProducerDecision.Duplicate;
import io.firn.hot.producer.ProducerDecision.Refuse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All producers of one partition: what makes a batch a duplicate, out of sequence or fenced, and which transactions are open
 * (KIP-98, KIP-890; the behaviour of Kafka's {@code ProducerStateManager}).
 *
 * <p>Decide and do are apart: {@link #check} changes nothing; when the batch's bytes are in the file, {@link #apply} does. For a
 * leader's bytes and in recovery {@code apply} alone is called, or {@code check} to learn whether a control batch can be read.
 *
 * <p><i>Invariants</i>
 * <ul>
 * <li>The state is a function of the snapshot it was loaded from and the batches applied since, in offset order (forgotten producers apart).
 * <li>A producer has at most one open transaction; one with an open transaction is never forgotten.
 * <li>A transaction holds back the last stable offset from its first record until its marker is below the high watermark.
 * </ul>
 *
 * <p><i>Memory</i>: producers are bounded by {@link ProducerLimits}; completed transactions by those whose markers lie between high watermark and
 * log end, given that {@link #onHighWatermark} is called; transactions being verified by {@code maxProducers} and the expiration time.
 *
 * <p><i>On truncation</i>: there is no undo. Load the newest snapshot at or below the new end and apply the batches from there.
 *
 * <p>Threading: confined to the loop of the partition (or to the thread that recovers it).
 */
public final class ProducerStates {

    private final ProducerLimits limits;
    private final ProducerTable producers = new ProducerTable();
    private final Verifications verifications = new Verifications();

    /** Open transactions: first offset to producer. */
    private final TreeMap<Long, Long> open = new TreeMap<>();

    /** Transactions with a marker that is perhaps not below the high watermark: first offset to offset of the marker. */
    private final TreeMap<Long, Long> completed = new TreeMap<>();

    private ProducerStates(ProducerLimits limits) {
        this.limits = limits;
    }

    public static ProducerStates empty(ProducerLimits limits) {
        return new ProducerStates(limits);
    }

    /**
     * Loads a snapshot in Kafka's format (the remaining bytes of {@code file}). All its producers count as used at {@code nowMs}.
     *
     * @throws CorruptStateException when the bytes are not such a snapshot; nothing was loaded
     */
    public static ProducerStates fromSnapshot(ByteBuffer file, ProducerLimits limits, long nowMs) throws CorruptStateException {
        ProducerStates states = new ProducerStates(limits);
        List<ProducerState> read = new ArrayList<>();
        ProducerSnapshot.read(file, read::add);
        for (ProducerState state : read) {
            if (states.producers.knows(states.producers.find(state.producerId))) {
                throw new CorruptStateException("producer snapshot: producer " + state.producerId + " twice");
            }
            state.lastSeenMs = nowMs;
            states.producers.add(state);
            if (state.hasOpenTransaction() && states.open.put(state.transactionStart, state.producerId) != null) {
                throw new CorruptStateException("producer snapshot: two transactions begin at offset " + state.transactionStart);
            }
        }
        states.trim();
        return states;
    }

    /** The state of all producers in Kafka's format; it belongs to the offset after the last batch applied. */
    public ByteBuffer snapshot() {
        return ProducerSnapshot.write(producers);
    }

    public int size() {
        return producers.size();
    }

    public boolean knows(long producerId) {
        return producers.knows(producers.find(producerId));
    }

    /** From the longest idle to the last used. */
    public List<ProducerView> views() {
        List<ProducerView> views = new ArrayList<>(producers.size());
        producers.forEach(state -> views.add(state.view()));
        return views;
    }

    /** The last batch of each, in no order. */
    public List<ProducerLast> lasts() {
        List<ProducerLast> lasts = new ArrayList<>(producers.size());
        producers.forEach(state -> lasts.add(new ProducerLast(state.producerId, state.epoch, state.lastOffset())));
        return lasts;
    }

    // Deciding

    /** Whether {@code batch}, which {@link io.firn.hot.batch.BatchCheck} found sound, may be appended; its base offset does not matter yet. */
    public ProducerDecision check(BatchHeader batch, AppendOrigin origin, TransactionTerms terms) {
        if (!batch.hasProducerId()) {
            return Accept.ACCEPT;
        }
        ProducerState state = producers.find(batch.producerId());
        ProducerDecision decision = batch.isControl() ? checkMarker(batch, state, origin, terms.markerRule()) : checkData(batch, state, origin, terms);
        boolean newcomer = decision instanceof Accept && !producers.knows(state);
        return newcomer && origin != AppendOrigin.REPLICATION && isFullOfTransactions()
                ? refuse(AppendError.TOO_MANY_PRODUCERS, batch, "all " + producers.size() + " known producers have open transactions")
                : decision;
    }

    private ProducerDecision checkData(BatchHeader batch, ProducerState state, AppendOrigin origin, TransactionTerms terms) {
        if (origin == AppendOrigin.REPLICATION) {
            return Accept.ACCEPT;
        }
        boolean client = origin == AppendOrigin.CLIENT;
        int duplicate = client && batch.producerEpoch() == state.epoch ? state.slotOf(batch.baseSequence(), batch.lastSequence()) : -1;
        if (duplicate >= 0) {
            return new Duplicate(state.firstOffset(duplicate), state.lastOffset(duplicate), state.timestampMs(duplicate));
        }
        if (batch.producerEpoch() < state.epoch) {
            return refuse(AppendError.INVALID_PRODUCER_EPOCH, batch, "the newest epoch seen is " + state.epoch);
        }
        if (terms.verified() && batch.isTransactional() && !isOpen(state, batch.producerEpoch()) && !verifications.confirms(batch.producerId(), terms)) {
            return refuse(AppendError.INVALID_TRANSACTION_STATE, batch, "the batch is not part of an open transaction");
        }
        Optional<String> early = client ? verifications.outOfOrder(batch, state) : Optional.empty();
        if (early.isPresent()) {
            return refuse(AppendError.OUT_OF_ORDER_SEQUENCE, batch, early.get());
        }
        if (client && !isNext(batch, state)) {
            return refuse(AppendError.OUT_OF_ORDER_SEQUENCE, batch, "the last sequence is " + state.lastSequence() + " of epoch " + state.epoch);
        }
        if (state.hasOpenTransaction() && !batch.isTransactional()) {
            return refuse(AppendError.INVALID_TRANSACTION_STATE, batch, "its transaction from offset " + state.transactionStart
                    + " is open, and this batch is not transactional");
        }
        return Accept.ACCEPT;
    }

    private static boolean isOpen(ProducerState state, short epoch) {
        return state.hasOpenTransaction() && state.epoch == epoch;
    }

    /**
     * Before the first batch of a transaction: whether the coordinator has to be asked, and if so what to show with the append. To be called before the coordinator is asked.
     *
     * @param addsPartition whether asking adds the partition to the transaction (transaction version 2)
     * @param guard an object that equals no other guard
     * @param nowMs this broker's clock, for expiry
     */
    public VerificationStart beginVerification(ProducerStamp stamp, boolean addsPartition, Object guard, long nowMs) {
        ProducerState state = producers.find(stamp.producerId());
        if (stamp.epoch() < state.epoch) {
            return new VerificationStart.Refused(AppendError.INVALID_PRODUCER_EPOCH, "producer " + stamp.producerId() + ", epoch " + stamp.epoch() + ": the newest epoch seen is " + state.epoch);
        }
        if (isOpen(state, stamp.epoch())) {
            return VerificationStart.open();
        }
        if (verifications.size() >= limits.maxProducers() && !verifications.knows(stamp.producerId())) {
            return new VerificationStart.Refused(AppendError.TOO_MANY_PRODUCERS, verifications.size() + " producers begin a transaction at this time");
        }
        return new VerificationStart.Needed(verifications.begin(stamp, addsPartition, guard, nowMs));
    }

    /**
     * An unknown producer may begin anywhere (its state was forgotten, or its records deleted), a new epoch at 0 only, and after
     * 2^31-1 comes 0.
     */
    private static boolean isNext(BatchHeader batch, ProducerState state) {
        if (state.epoch == BatchHeader.NO_PRODUCER_EPOCH) {
            return true;
        }
        int expected = batch.producerEpoch() == state.epoch ? (state.lastSequence() + 1) & Integer.MAX_VALUE : 0;
        return batch.baseSequence() == expected;
    }

    private static ProducerDecision checkMarker(BatchHeader batch, ProducerState state, AppendOrigin origin, MarkerRule rule) {
        ControlRecord control = ControlRecord.of(batch);
        if (control instanceof ControlRecord.Malformed malformed) {
            return refuse(AppendError.INVALID_RECORD, batch, malformed.message());
        }
        if (origin == AppendOrigin.REPLICATION || !(control instanceof ControlRecord.Marker marker)) {
            return Accept.ACCEPT;
        }
        if (!isMarkerEpoch(batch.producerEpoch(), state, rule)) {
            return refuse(AppendError.INVALID_PRODUCER_EPOCH, batch, "the newest epoch seen is " + state.epoch + ", rule " + rule);
        }
        if (marker.coordinatorEpoch() < state.coordinatorEpoch) {
            return refuse(AppendError.COORDINATOR_FENCED, batch, "coordinator epoch " + marker.coordinatorEpoch() + " is below " + state.coordinatorEpoch);
        }
        return Accept.ACCEPT;
    }

    /** The greatest epoch cannot be raised, so a marker may end a transaction of that same epoch under either rule. */
    private static boolean isMarkerEpoch(short epoch, ProducerState state, MarkerRule rule) {
        if (rule == MarkerRule.EPOCH_NOT_BELOW || epoch != state.epoch) {
            return epoch >= state.epoch;
        }
        return !state.hasOpenTransaction() || epoch == Short.MAX_VALUE;
    }

    /**
     * Whether the last thing heard of the producer is a marker with this epoch. A coordinator that raises the epoch before each marker (transaction version 2) sends no other marker
     * with it, so that one needs not be written again.
     */
    public boolean hasMarker(long producerId, short epoch) {
        ProducerState state = producers.find(producerId);
        return producers.knows(state) && state.epoch == epoch && state.batches() == 0 && !state.hasOpenTransaction() && state.coordinatorEpoch != ProducerState.NO_COORDINATOR_EPOCH;
    }

    private boolean isFullOfTransactions() {
        return producers.size() >= limits.maxProducers() && open.size() >= producers.size();
    }

    private static Refuse refuse(AppendError error, BatchHeader batch, String reason) {
        return new Refuse(error, "producer " + batch.producerId() + ", epoch " + batch.producerEpoch() + ", sequence " + batch.baseSequence() + ": " + reason);
    }

    // Doing

    /**
     * Takes over {@code batch}, which is in the log at its base offset. Returns the transaction it aborted, for the transaction
     * index.
     *
     * @param nowMs this broker's clock, for expiry
     */
    public Optional<AbortedTransaction> apply(BatchHeader batch, long nowMs) {
        if (!batch.hasProducerId()) {
            return Optional.empty();
        }
        if (batch.isTransactional() && verifications.size() > 0) {
            verifications.end(batch.producerId());
        }
        Optional<AbortedTransaction> aborted = batch.isControl() ? applyControl(batch, nowMs) : applyData(batch, used(batch.producerId(), nowMs));
        trim();
        return aborted;
    }

    private Optional<AbortedTransaction> applyControl(BatchHeader batch, long nowMs) {
        ControlRecord control = ControlRecord.of(batch);
        if (control instanceof ControlRecord.Malformed malformed) {
            throw new IllegalArgumentException("control batch at offset " + batch.baseOffset() + ": " + malformed.message());
        }
        return control instanceof ControlRecord.Marker marker
                ? applyMarker(batch, marker, used(batch.producerId(), nowMs))
                : Optional.empty();
    }

    private Optional<AbortedTransaction> applyData(BatchHeader batch, ProducerState state) {
        state.enterEpoch(batch.producerEpoch());
        state.addBatch(batch.lastSequence(), batch.lastOffset(), batch.lastOffsetDelta(), batch.maxTimestamp());
        if (batch.isTransactional() && !state.hasOpenTransaction()) {
            state.transactionStart = batch.baseOffset();
            open.put(batch.baseOffset(), state.producerId);
        }
        return Optional.empty();
    }

    private Optional<AbortedTransaction> applyMarker(BatchHeader batch, ControlRecord.Marker marker, ProducerState state) {
        state.enterEpoch(batch.producerEpoch());
        state.coordinatorEpoch = marker.coordinatorEpoch();
        state.lastTimestampMs = marker.timestampMs();
        if (!state.hasOpenTransaction()) {
            return Optional.empty();
        }
        long start = state.transactionStart;
        long end = batch.baseOffset();
        state.transactionStart = ProducerState.NO_TRANSACTION;
        open.remove(start);
        completed.put(start, end);
        long stable = open.isEmpty() ? end + 1 : open.firstKey();
        return marker.commit() ? Optional.empty() : Optional.of(new AbortedTransaction(state.producerId, start, end, stable));
    }

    /** The producer, as the last used one; made if it is new. */
    private ProducerState used(long producerId, long nowMs) {
        ProducerState state = producers.find(producerId);
        if (producers.knows(state)) {
            producers.touch(state);
        } else {
            state = new ProducerState(producerId);
            producers.add(state);
        }
        state.lastSeenMs = nowMs;
        return state;
    }

    /** Forgets the longest idle producers while there are too many, but none with an open transaction and not the last used one. */
    private void trim() {
        while (producers.size() > limits.maxProducers()) {
            ProducerState idle = producers.longestIdle();
            if (!producers.knows(idle) || producers.isLastUsed(idle)) {
                return;
            }
            producers.remove(idle);
        }
    }

    /** Forgets the producers without an open transaction that were idle for the expiration time; returns how many. Call it now and then. */
    public int expire(long nowMs) {
        List<ProducerState> expired = new ArrayList<>();
        producers.forEach(state -> {
            if (!state.hasOpenTransaction() && nowMs - state.lastSeenMs >= limits.expirationMs()) {
                expired.add(state);
            }
        });
        expired.forEach(producers::remove);
        verifications.expire(nowMs, limits.expirationMs());
        return expired.size();
    }

    // Transactions

    /**
     * Offset of the first record of the oldest transaction without a marker below {@code highWatermark}, else
     * {@code highWatermark} (LSO).
     */
    public long lastStableOffset(long highWatermark) {
        long stable = open.isEmpty() ? highWatermark : Math.min(highWatermark, open.firstKey());
        for (Map.Entry<Long, Long> transaction : completed.entrySet()) {
            if (transaction.getValue() >= highWatermark) {
                return Math.min(stable, transaction.getKey());
            }
        }
        return stable;
    }

    /** Transactions whose markers are perhaps not below the high watermark. */
    public int finishedTransactions() {
        return completed.size();
    }

    /** Forgets the completed transactions whose markers are below {@code highWatermark}; the high watermark is not expected to fall below it again. */
    public void onHighWatermark(long highWatermark) {
        if (!completed.isEmpty()) {
            completed.values().removeIf(marker -> marker < highWatermark);
        }
    }
}
