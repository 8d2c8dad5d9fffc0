package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendOrigin;
import io.firn.hot.TimestampedOffset;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** Questions that both tiers have to answer together. */
class TieredLogTest {

    @Test
    void offsetForTimestampFindsTheEarliestRecordOfBothTiers() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            List<Long> times = new ArrayList<>();
            for (int segment = 0; segment < 5; segment++) {
                for (int batch = 0; batch < 4; batch++) {
                    times.add(rig.clock.millis());
                    rig.append();
                    rig.clock.advanceMs(10);
                }
                rig.segment(1);
                times.add(rig.clock.millis());
                rig.clock.advanceMs(10);
                if (segment == 2) {
                    rig.awaitOffloaded(45);
                    rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == 45);
                    rig.reconfigure(Views.local(Views.untiered(), -1, -1));
                }
            }
            for (int batch = 0; batch < times.size(); batch++) {
                Optional<TimestampedOffset> found = rig.get(offsetFor(rig, times.get(batch) - 5));
                assertThat(found.map(TimestampedOffset::offset)).as("batch %s", batch).contains(batch * 3L);
                assertThat(found.get().timestampMs()).isEqualTo(times.get(batch));
            }
            assertThat(rig.get(offsetFor(rig, rig.clock.millis()))).isEmpty();
            assertThat(rig.get(rig.onLoop(() -> rig.log.offsetForTimestamp(times.get(6) - 5, 10)))).as("limited").isEmpty();
            assertThat(rig.get(rig.onLoop(rig.log::maxTimestamp)).map(TimestampedOffset::offset)).contains(72L);
        }
    }

    private static java.util.concurrent.CompletableFuture<Optional<TimestampedOffset>> offsetFor(TieredRig rig, long timestampMs) {
        return rig.onLoop(() -> rig.log.offsetForTimestamp(timestampMs, Long.MAX_VALUE));
    }

    @Test
    void theLargestTimestampMayBeInEitherTier() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long nowMs = rig.clock.millis();
            rig.append(nowMs);
            rig.append(nowMs + 1_000);
            long boundary = rig.segment(1);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == boundary);
            rig.append(nowMs + 500);
            assertThat(rig.get(rig.onLoop(rig.log::maxTimestamp))).contains(new TimestampedOffset(nowMs + 1_000, 3, 1));
            rig.append(nowMs + 2_000);
            assertThat(rig.get(rig.onLoop(rig.log::maxTimestamp))).contains(new TimestampedOffset(nowMs + 2_000, 12, 1));
        }
    }

    @Test
    void theLargestTimestampMayBeThatOfADeletedRecordOfTheColdTier() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long nowMs = rig.clock.millis();
            rig.append(nowMs + 3_000);                     // 0..2
            rig.append(nowMs + 1_000);                     // 3..5
            long boundary = rig.segment(1);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == boundary);
            rig.append(nowMs + 500);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(3)));
            assertThat(rig.get(rig.onLoop(rig.log::maxTimestamp))).contains(new TimestampedOffset(nowMs + 3_000, 0, 1));
            assertThat(rig.get(offsetFor(rig, nowMs + 1_000))).as("a search by time").contains(new TimestampedOffset(nowMs + 1_000, 3, 1));
        }
    }

    @Test
    void abortedTransactionsAreExactOverSegmentsAndTiers() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            transactional(rig, 1, 0);                      // 0..2   producer 1
            rig.segment(1);                                // 3..5   plain; segment [0, 6)
            transactional(rig, 2, 0);                      // 6..8   producer 2
            marker(rig, 1);                                // 9      abort of producer 1, in the second segment
            rig.segment(1);                                // 10..12 plain; segment [6, 13)
            rig.commitLimit = 13;
            rig.append();                                  // 13..15
            marker(rig, 2);                                // 16     abort of producer 2, stays local
            rig.awaitDurable();
            rig.commitLimit = 13;
            offloadUpTo13(rig);

            AbortedTransaction first = new AbortedTransaction(1, 0, 9, 6);
            AbortedTransaction second = new AbortedTransaction(2, 6, 16, 17);
            assertThat(aborted(rig, 0, 6)).containsExactly(first);
            assertThat(aborted(rig, 3, 6)).as("its marker lies in a later segment").containsExactly(first);
            assertThat(aborted(rig, 0, 13)).as("a marker in the other tier").containsExactly(first, second);
            assertThat(aborted(rig, 10, 13)).containsExactly(second);
            assertThat(aborted(rig, 6, 17)).containsExactly(first, second);
            assertThat(aborted(rig, 13, 17)).containsExactly(second);
        }
    }

    /** The first two segments go to the cold tier although a transaction that began there is open when they do: what matters is where the markers lie. */
    private static void offloadUpTo13(TieredRig rig) {
        rig.awaitOffloaded(13);
        rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == 13);
    }

    private static List<AbortedTransaction> aborted(TieredRig rig, long from, long to) {
        return rig.get(rig.onLoop(() -> rig.log.abortedTransactions(from, to)));
    }

    static void transactional(TieredRig rig, long producerId, int sequence) {
        SimpleRecord[] records = new SimpleRecord[3];
        for (int i = 0; i < 3; i++) {
            records[i] = new SimpleRecord(rig.clock.millis(), "k".getBytes(), ("v" + i).getBytes());
        }
        rig.append(MemoryRecords.withTransactionalRecords(Compression.NONE, producerId, (short) 0, sequence, records).buffer(), AppendOrigin.CLIENT);
    }

    static void marker(TieredRig rig, long producerId) {
        ByteBuffer marker = MemoryRecords.withEndTransactionMarker(rig.clock.millis(), producerId, (short) 0,
                new EndTransactionMarker(ControlRecordType.ABORT, 0)).buffer();
        rig.append(marker, AppendOrigin.COORDINATOR);
    }

    @Test
    void epochsAreKnownOverBothTiers() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segment(2);
            rig.leaderEpoch = 2;
            long boundary = rig.segment(2);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == boundary);
            rig.leaderEpoch = 5;
            rig.append();
            assertThat(rig.get(rig.onLoop(() -> rig.log.epochAt(0)))).hasValue(1);
            assertThat(rig.get(rig.onLoop(() -> rig.log.epochAt(7)))).hasValue(2);
            assertThat(rig.get(rig.onLoop(() -> rig.log.epochAt(boundary)))).hasValue(5);
        }
    }

    @Test
    void readsStopAtTheLimitInEitherTier() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long boundary = rig.segment(4);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == boundary);
            assertThat(rig.onLoop(() -> rig.log.read(3, 1_000, 3, true))).isInstanceOf(TieredRead.AtEnd.class);
            TieredRead.Cold cold = (TieredRead.Cold) rig.onLoop(() -> rig.log.read(3, 1_000_000, 6, true));
            var read = rig.get(cold.read());
            assertThat(read.baseOffset()).isEqualTo(3);
            assertThat(read.upperBoundOffset()).isLessThanOrEqualTo(6);
            assertThat(read.sizeBytes()).isEqualTo(rig.written.get(3L).length);
            read.release();
            assertThat(rig.onLoop(() -> rig.log.read(boundary + 1, 1_000, Long.MAX_VALUE, true))).isInstanceOf(TieredRead.OutOfRange.class);
        }
    }
}
