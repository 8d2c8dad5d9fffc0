package io.firn.gateway.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.apache.kafka.common.errors.InvalidRecordStateException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.junit.jupiter.api.Test;

/** Examples of what a share partition decides; {@link InFlightRecordsPropertyTest} has the rules. */
class InFlightRecordsTest {
    private static final ShareLimits LIMITS = new ShareLimits(1_000, 5, 100, false);

    private static List<LogBatch> batches(long from, int count, int size) {
        return LongStream.range(0, count).mapToObj(i -> new LogBatch(from + i * size, from + (i + 1) * size)).toList();
    }

    private static Acquisition acquire(InFlightRecords records, int most, boolean exactly, List<LogBatch> batches) {
        return records.acquire(new Delivery.Ask("m", exactly, most, 1_000), records.nextOffset(), batches, List.of(), LIMITS, 0);
    }

    private static void finish(InFlightRecords records, long first, long end, byte type) {
        InFlightRecords.Change change = records.acknowledge("m", List.of(new Acknowledgement(first, end, List.of(type))), LIMITS, 0);
        records.settle(change.number(), true, LIMITS, 0);
    }

    @Test
    void aLimitIsReachedAtTheEndOfABatchUnlessTheMemberCounts() {
        assertThat(acquire(InFlightRecords.of(0, List.of()), 12, false, batches(0, 10, 5)).ranges()).containsExactly(new Acquisition.Acquired(0, 15, 1));
        assertThat(acquire(InFlightRecords.of(0, List.of()), 12, true, batches(0, 10, 5)).ranges()).containsExactly(new Acquisition.Acquired(0, 12, 1));
    }

    @Test
    void rangesBeginAnewAtBatchesOnceTheyAreLongEnough() {
        Acquisition given = InFlightRecords.of(0, List.of()).acquire(new Delivery.Ask("m", false, 20, 8), 0, batches(0, 4, 5), List.of(), LIMITS, 0);
        assertThat(given.ranges()).containsExactly(new Acquisition.Acquired(0, 10, 1), new Acquisition.Acquired(10, 20, 1));
    }

    /** One record makes its member give everything back that came with it. The neighbours survive. */
    @Test
    void aRecordThatMakesItsMembersFailIsFoundAndGivenUpAlone() {
        long poison = 37;
        InFlightRecords records = InFlightRecords.of(0, List.of());
        Set<Long> accepted = new TreeSet<>();
        for (int round = 0; round < 100 && records.start() < 64; round++) {
            for (Acquisition.Acquired range : acquire(records, 500, false, batches(0, 1, 64)).ranges()) {
                boolean fails = range.first() <= poison && poison < range.end();
                finish(records, range.first(), range.end(), fails ? Acknowledgement.RELEASE : Acknowledgement.ACCEPT);
                if (!fails) {
                    LongStream.range(range.first(), range.end()).forEach(accepted::add);
                }
            }
        }
        assertThat(records.start()).isEqualTo(64);
        assertThat(accepted).hasSize(63).doesNotContain(poison);
    }

    @Test
    void whatWasInFlightAndNotWrittenIsAvailableAfterALoad() {
        InFlightRecords records = InFlightRecords.of(5, List.of(new StateRange(5, 7, DeliveryState.ACKNOWLEDGED, 1), new StateRange(10, 12, DeliveryState.AVAILABLE, 2),
                new StateRange(13, 15, DeliveryState.ARCHIVED, 5)));
        assertThat(records.start()).isEqualTo(7);
        assertThat(records.end()).isEqualTo(15);
        assertThat(records.finished()).isEqualTo(2);
        assertThat(acquire(records, 100, false, batches(5, 2, 5)).ranges())
                .containsExactly(new Acquisition.Acquired(7, 10, 1), new Acquisition.Acquired(10, 12, 3), new Acquisition.Acquired(12, 13, 1));
        assertThatThrownBy(() -> InFlightRecords.of(5, List.of(new StateRange(4, 6, DeliveryState.AVAILABLE, 1)))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatTheLogDroppedIsFinishedAndItsAcknowledgementOfNoConsequence() {
        InFlightRecords records = InFlightRecords.of(0, List.of());
        acquire(records, 20, false, batches(0, 4, 5));
        records.logStartsAt(12);
        assertThat(records.start()).isEqualTo(12);
        assertThat(records.acknowledge("m", List.of(new Acknowledgement(0, 10, List.of((byte) 1))), LIMITS, 0).toWrite()).isEmpty();
        assertThat(records.acknowledge("m", List.of(new Acknowledgement(10, 15, List.of((byte) 1))), LIMITS, 0).toWrite())
                .containsExactly(new StateRange(12, 15, DeliveryState.ACKNOWLEDGED, 1));
    }

    @Test
    void recordsBeingWrittenAreNeitherGivenNorAcknowledgedAgain() {
        InFlightRecords records = InFlightRecords.of(0, List.of());
        acquire(records, 5, false, batches(0, 1, 5));
        InFlightRecords.Change change = records.acknowledge("m", List.of(new Acknowledgement(0, 5, List.of(Acknowledgement.RELEASE))), LIMITS, 0);
        assertThat(records.nextOffset()).isEqualTo(5);
        assertThatThrownBy(() -> records.acknowledge("m", List.of(new Acknowledgement(0, 5, List.of(Acknowledgement.ACCEPT))), LIMITS, 0)).isInstanceOf(InvalidRecordStateException.class);
        records.settle(change.number(), true, LIMITS, 0);
        assertThat(records.nextOffset()).isZero();
    }

    @Test
    void locksAreRenewedOnlyWhereTheGroupAllowsIt() {
        InFlightRecords records = InFlightRecords.of(0, List.of());
        acquire(records, 5, false, batches(0, 1, 5));
        assertThatThrownBy(() -> records.acknowledge("m", List.of(new Acknowledgement(0, 5, List.of(Acknowledgement.RENEW))), LIMITS, 50)).isInstanceOf(InvalidRecordStateException.class);
        assertThat(records.acknowledge("m", List.of(new Acknowledgement(0, 2, List.of(Acknowledgement.RENEW))), new ShareLimits(1_000, 5, 100, true), 50).toWrite()).isEmpty();
        assertThat(records.expire(LIMITS, 100)).containsExactly(new StateRange(2, 5, DeliveryState.AVAILABLE, 1));
        assertThat(records.nextExpiryMs()).hasValue(150);
    }

    @Test
    void offsetsNeverDeliveredCannotBeAcknowledged() {
        InFlightRecords records = InFlightRecords.of(0, List.of());
        acquire(records, 5, false, batches(0, 1, 5));
        assertThatThrownBy(() -> records.acknowledge("m", List.of(new Acknowledgement(3, 6, List.of((byte) 1))), LIMITS, 0)).isInstanceOf(InvalidRequestException.class);
        assertThat(records.nextExpiryMs()).as("nothing changed").hasValue(100);
    }
}
