package io.firn.hot.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.CorruptStateException;
import io.firn.hot.MarkerRule;
import io.firn.hot.ProducerStamp;
import io.firn.hot.ProducerView;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.Batches;
import io.firn.hot.producer.ProducerDecision.Accept;
import io.firn.hot.producer.ProducerDecision.Duplicate;
import io.firn.hot.producer.ProducerDecision.Refuse;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ProducerStatesTest {
    private static final TransactionTerms RAISED = new TransactionTerms(MarkerRule.EPOCH_ABOVE, false, TransactionTerms.NO_GUARD);

    private static final long HOUR_MS = 3600_000;
    private static final short EPOCH = 5;

    private final ProducerStates states = ProducerStates.empty(new ProducerLimits(3, HOUR_MS));

    @Test
    void batchWithoutProducerIdLeavesNoTrace() {
        BatchHeader batch = Batches.header(Batches.plain(0, 3, 10));
        assertThat(states.check(batch, AppendOrigin.CLIENT, RAISED)).isInstanceOf(Accept.class);
        assertThat(states.apply(batch, 0)).isEmpty();
        assertThat(states.size()).isZero();
    }

    @Test
    void checkAloneChangesNothing() {
        BatchHeader batch = data(0, 1, 0, 2);
        states.check(batch, AppendOrigin.CLIENT, RAISED);
        assertThat(states.size()).isZero();
    }

    @Test
    void anyOfTheLastFiveBatchesIsToldAsDuplicateButNotTheSixth() {
        for (int i = 0; i < 6; i++) {
            append(data(2 * i, 1, 2 * i, 2), 0);
        }
        assertThat(check(data(99, 1, 2, 2))).isEqualTo(new Duplicate(2, 3, 1003));
        assertThat(check(data(99, 1, 10, 2))).isEqualTo(new Duplicate(10, 11, 1011));
        assertRefused(check(data(99, 1, 0, 2)), AppendError.OUT_OF_ORDER_SEQUENCE);
        assertRefused(check(data(99, 1, 10, 1)), AppendError.OUT_OF_ORDER_SEQUENCE);
    }

    @Test
    void duplicatesAreToldAcrossRestartsForAllBatchesAClientMayHaveInFlight() throws Exception {
        for (int i = 0; i < 7; i++) {
            append(data(2 * i, 1, 2 * i, 2), 0);
            append(data(100 + i, 2, i, 1), 0);
        }
        ProducerStates restarted = load(load(states.snapshot()).snapshot());
        for (int i = 2; i < 7; i++) {
            assertThat(restarted.check(data(99, 1, 2 * i, 2), AppendOrigin.CLIENT, RAISED)).isEqualTo(new Duplicate(2 * i, 2 * i + 1, 1001 + 2 * i));
        }
        assertThat(restarted.check(data(99, 1, 14, 2), AppendOrigin.CLIENT, RAISED)).isInstanceOf(Accept.class);
        assertRefused(restarted.check(data(99, 1, 2, 2), AppendOrigin.CLIENT, RAISED), AppendError.OUT_OF_ORDER_SEQUENCE);
    }

    @Test
    void leadersBytesAreTakenWhateverTheirSequence() {
        append(data(0, 1, 7, 2), 0);
        assertThat(states.check(data(2, 1, 100, 2), AppendOrigin.REPLICATION, RAISED)).isInstanceOf(Accept.class);
        append(data(2, 1, 100, 2), 0);
        assertThat(states.views()).singleElement().extracting(ProducerView::lastSequence).isEqualTo(101);
    }

    @Test
    void transactionHoldsBackTheStableOffsetUntilItsMarkerIsBelowTheHighWatermark() {
        append(transactional(10, 1, 0, 2), 0);
        append(transactional(12, 2, 0, 2), 0);
        assertThat(states.lastStableOffset(8)).isEqualTo(8);
        assertThat(states.lastStableOffset(14)).isEqualTo(10);

        assertThat(states.apply(Batches.header(Batches.marker(14, 1, EPOCH, false, 0, 0)), 0))
                .contains(new AbortedTransaction(1, 10, 14, 12));
        assertThat(states.lastStableOffset(14)).isEqualTo(10);
        assertThat(states.lastStableOffset(15)).isEqualTo(12);

        states.onHighWatermark(15);
        assertThat(states.apply(Batches.header(Batches.marker(15, 2, EPOCH, true, 0, 0)), 0)).isEmpty();
        assertThat(states.lastStableOffset(16)).isEqualTo(16);
    }

    @Test
    void markerWithoutTransactionAbortsNothing() {
        assertThat(states.apply(Batches.header(Batches.marker(0, 1, EPOCH, false, 3, 77)), 0)).isEmpty();
        assertThat(states.views()).containsExactly(new ProducerView(1, EPOCH, -1, 77, 3, -1));
        assertThat(states.lastStableOffset(1)).isEqualTo(1);
    }

    @Test
    void idleProducerExpiresByTheBrokersClockButNotWithAnOpenTransaction() {
        append(data(0, 1, 0, 2), 0);
        append(transactional(2, 2, 0, 2), 0);
        append(data(4, 3, 0, 2), 1);
        assertThat(states.expire(HOUR_MS - 1)).isZero();
        assertThat(states.expire(HOUR_MS)).isEqualTo(1);
        assertThat(states.views()).extracting(ProducerView::producerId).containsExactly(2L, 3L);
    }

    @Test
    void loadedProducersCountAsSeenNowHoweverOldTheirRecords() throws Exception {
        append(data(0, 1, 0, 2), 0);
        ProducerStates restarted = ProducerStates.fromSnapshot(states.snapshot(), new ProducerLimits(3, HOUR_MS), 5 * HOUR_MS);
        assertThat(restarted.expire(6 * HOUR_MS - 1)).isZero();
        assertThat(restarted.expire(6 * HOUR_MS)).isEqualTo(1);
    }

    @Test
    void fullTableForgetsTheLongestIdleWithoutTransaction() {
        append(transactional(0, 1, 0, 2), 0);
        append(data(2, 2, 0, 2), 0);
        append(data(4, 3, 0, 2), 0);
        append(data(6, 2, 2, 2), 0);
        append(data(8, 4, 0, 2), 0);
        assertThat(states.views()).extracting(ProducerView::producerId).containsExactly(1L, 2L, 4L);
    }

    @Test
    void tableFullOfTransactionsRefusesNewcomersUntilOneEnds() {
        for (int producer = 1; producer <= 3; producer++) {
            append(transactional(2 * producer, producer, 0, 2), 0);
        }
        assertRefused(check(data(8, 4, 0, 2)), AppendError.TOO_MANY_PRODUCERS);
        assertThat(check(transactional(8, 1, 2, 2))).isInstanceOf(Accept.class);
        assertThat(states.check(data(8, 4, 0, 2), AppendOrigin.REPLICATION, RAISED)).isInstanceOf(Accept.class);

        states.apply(Batches.header(Batches.marker(8, 2, EPOCH, true, 0, 0)), 0);
        assertThat(check(data(9, 4, 0, 2))).isInstanceOf(Accept.class);
    }

    @Test
    void followerGrowsPastTheLimitRatherThanForgetATransaction() {
        for (int producer = 1; producer <= 4; producer++) {
            append(transactional(2 * producer, producer, 0, 2), 0);
        }
        assertThat(states.size()).isEqualTo(4);
        assertThat(states.lastStableOffset(10)).isEqualTo(2);
    }

    @Test
    void snapshotKeepsOpenTransactionsAndOrderOfUse() throws Exception {
        append(transactional(10, 2, 0, 2), 0);
        append(data(12, 1, 0, 2), 0);
        ProducerStates restarted = ProducerStates.fromSnapshot(states.snapshot(), new ProducerLimits(3, HOUR_MS), 0);
        assertThat(restarted.views()).isEqualTo(states.views());
        assertThat(restarted.lastStableOffset(14)).isEqualTo(10);
    }

    @Test
    void snapshotBytesAreKafkasFormat() {
        append(transactional(0x10, 0x1122, 7, 3), 0);
        assertThat(HexFormat.of().formatHex(states.snapshot().array())).isEqualTo("0001" + "4ce8a57b" + "00000001"
                + "0000000000001122" + "0005" + "00000009" + "0000000000000012" + "00000002" + "00000000000003fa" + "ffffffff" + "0000000000000010");
    }

    @Test
    void everyFlippedBitOfASnapshotIsNoticed() throws Exception {
        append(data(0, 1, 0, 2), 0);
        append(transactional(2, 2, 0, 2), 0);
        ByteBuffer snapshot = states.snapshot();
        for (int bit = 0; bit < snapshot.capacity() * Byte.SIZE; bit++) {
            ByteBuffer damaged = ByteBuffer.wrap(snapshot.array().clone());
            damaged.put(bit / 8, (byte) (damaged.get(bit / 8) ^ 1 << bit % 8));
            assertThatThrownBy(() -> load(damaged)).as("bit %d", bit).isInstanceOf(CorruptStateException.class);
        }
    }

    @Test
    void everyShorterSnapshotIsNoticed() {
        append(data(0, 1, 0, 2), 0);
        ByteBuffer snapshot = states.snapshot();
        for (int size = 0; size < snapshot.capacity(); size++) {
            ByteBuffer cut = snapshot.duplicate().limit(size);
            assertThatThrownBy(() -> load(cut)).as("size %d", size).isInstanceOf(CorruptStateException.class);
        }
    }

    @Test
    void malformedControlBatchIsRefusedFromAnyOne() {
        ByteBuffer marker = Batches.marker(0, 1, EPOCH, true, 0, 0);
        marker.putShort(marker.limit() - 10, (short) 9);
        BatchHeader batch = Batches.header(Batches.mendCrc(marker));
        assertRefused(states.check(batch, AppendOrigin.REPLICATION, RAISED), AppendError.INVALID_RECORD);
        assertRefused(states.check(batch, AppendOrigin.COORDINATOR, RAISED), AppendError.INVALID_RECORD);
        assertThatThrownBy(() -> states.apply(batch, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private ProducerStates load(ByteBuffer snapshot) throws CorruptStateException {
        return ProducerStates.fromSnapshot(snapshot, new ProducerLimits(3, HOUR_MS), 0);
    }

    private ProducerDecision check(BatchHeader batch) {
        return states.check(batch, AppendOrigin.CLIENT, RAISED);
    }

    private void append(BatchHeader batch, long nowMs) {
        states.apply(batch, nowMs);
    }

    private static BatchHeader data(long baseOffset, long producerId, int sequence, int count) {
        return Batches.header(Batches.data(baseOffset, producerId, EPOCH, sequence, count, false, 1000 + baseOffset));
    }

    private static BatchHeader transactional(long baseOffset, long producerId, int sequence, int count) {
        return Batches.header(Batches.data(baseOffset, producerId, EPOCH, sequence, count, true, 1000 + baseOffset));
    }

    private static void assertRefused(ProducerDecision decision, AppendError error) {
        assertThat(decision).isInstanceOfSatisfying(Refuse.class, refuse -> assertThat(refuse.error()).isEqualTo(error));
    }

    // Verification

    private static TransactionTerms begun(ProducerStates states, long producerId, int epoch, int sequence) {
        VerificationStart start = states.beginVerification(new ProducerStamp(producerId, (short) epoch, sequence), true, new Object(), 0);
        return TransactionTerms.verified(((VerificationStart.Needed) start).guard());
    }

    private static BatchHeader inTransaction(long producerId, int epoch, int sequence, long offset) {
        return Batches.header(Batches.data(offset, producerId, (short) epoch, sequence, 1, true, offset));
    }

    private static BatchHeader abort(long producerId, int epoch, long offset) {
        return Batches.header(Batches.marker(offset, producerId, (short) epoch, false, 1, offset));
    }

    @Test
    void aTransactionalBatchThatNobodyVerifiedIsRefused() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(10, 1_000));

        assertRefused(states.check(inTransaction(1, 0, 0, 0), AppendOrigin.CLIENT, TransactionTerms.OPEN), AppendError.INVALID_TRANSACTION_STATE);
        assertRefused(states.check(inTransaction(1, 0, 0, 0), AppendOrigin.COORDINATOR, TransactionTerms.OPEN), AppendError.INVALID_TRANSACTION_STATE);
        assertThat(states.check(inTransaction(1, 0, 0, 0), AppendOrigin.CLIENT, begun(states, 1, 0, 0))).isInstanceOf(Accept.class);
    }

    @Test
    void anAppendThatComesAfterTheMarkerDoesNotOpenTheTransactionAgain() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(10, 1_000));
        TransactionTerms late = begun(states, 1, 0, 0);

        states.apply(abort(1, 0, 0), 0);
        begun(states, 1, 0, 0);

        assertRefused(states.check(inTransaction(1, 0, 0, 1), AppendOrigin.CLIENT, late), AppendError.INVALID_TRANSACTION_STATE);
    }

    @Test
    void openTransactionsNeedNoVerificationUntilTheirMarker() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(10, 1_000));
        begun(states, 1, 0, 0);
        states.apply(inTransaction(1, 0, 0, 0), 0);

        assertThat(states.beginVerification(new ProducerStamp(1, (short) 0, 1), true, new Object(), 0)).isInstanceOf(VerificationStart.Open.class);
        assertThat(states.check(inTransaction(1, 0, 1, 1), AppendOrigin.CLIENT, TransactionTerms.OPEN)).isInstanceOf(Accept.class);
        states.apply(abort(1, 1, 1), 0);
        assertThat(states.beginVerification(new ProducerStamp(1, (short) 1, 0), true, new Object(), 0)).isInstanceOf(VerificationStart.Needed.class);
    }

    @Test
    void aLaterBatchDoesNotOvertakeTheOneThatAskedFirst() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(10, 1_000));
        begun(states, 1, 0, 0);
        TransactionTerms second = begun(states, 1, 0, 5);

        assertRefused(states.check(inTransaction(1, 0, 5, 0), AppendOrigin.CLIENT, second), AppendError.OUT_OF_ORDER_SEQUENCE);
        assertThat(states.check(inTransaction(1, 0, 0, 0), AppendOrigin.CLIENT, second)).isInstanceOf(Accept.class);
    }

    @Test
    void verificationsAreBoundedAndForgottenInTime() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(2, 1_000));
        TransactionTerms first = begun(states, 1, 0, 0);
        begun(states, 2, 0, 0);

        assertThat(states.beginVerification(new ProducerStamp(3, (short) 0, 0), true, new Object(), 0)).isInstanceOfSatisfying(VerificationStart.Refused.class,
                refused -> assertThat(refused.error()).isEqualTo(AppendError.TOO_MANY_PRODUCERS));
        assertThat(begun(states, 2, 0, 1)).isNotNull();

        states.expire(1_000);
        begun(states, 3, 0, 0);
        assertRefused(states.check(inTransaction(1, 0, 0, 0), AppendOrigin.CLIENT, first), AppendError.INVALID_TRANSACTION_STATE);
    }

    @Test
    void aMarkerIsRecognizedUntilTheProducerGoesOn() {
        ProducerStates states = ProducerStates.empty(new ProducerLimits(10, 1_000));
        states.apply(inTransaction(1, 0, 0, 0), 0);
        assertThat(states.hasMarker(1, (short) 1)).isFalse();

        states.apply(abort(1, 1, 1), 0);
        assertThat(states.hasMarker(1, (short) 1)).isTrue();
        assertThat(states.hasMarker(1, (short) 2)).isFalse();

        states.apply(inTransaction(1, 1, 0, 2), 0);
        assertThat(states.hasMarker(1, (short) 1)).isFalse();
    }
}
