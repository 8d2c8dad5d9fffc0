package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Questions by time, transaction and epoch, against what a look at every record says. */
class ColdSearchPropertyTest {

    @Test
    void theEarliestRecordOfATimeIsFoundExactlyInCompressedBatchesToo() {
        Seeds.each(20, random -> {
            ColdFixture cold = new ColdFixture(ColdFixture.config(16 * CHUNK, 4 * CHUNK), ColdFixture.anyShape(random));
            ColdLog log = cold.log(1);
            List<SegmentFixture> segments = fill(cold, log, random);
            List<SegmentFixture.Rec> records = segments.stream().flatMap(segment -> segment.records().stream()).toList();
            long last = records.get(records.size() - 1).timestampMs();
            for (int i = 0; i < 60; i++) {
                long timestampMs = random.nextLong(last + 400);
                long from = random.nextInt(3) == 0 ? random.nextLong(log.endOffset() + 5) : 0;
                Optional<ColdTimestamp> expected = records.stream().filter(r -> r.timestampMs() >= timestampMs && r.offset() >= from).findFirst()
                        .map(r -> new ColdTimestamp(r.timestampMs(), r.offset(), 1));
                assertThat(cold.await(log.offsetForTimestamp(timestampMs, from))).as("time %d from %d", timestampMs, from).isEqualTo(expected);
            }
            Optional<ColdTimestamp> newest = records.stream().max(Comparator.comparingLong(SegmentFixture.Rec::timestampMs).thenComparing(r -> -r.offset()))
                    .map(r -> new ColdTimestamp(r.timestampMs(), r.offset(), 1));
            assertThat(cold.await(log.maxTimestamp())).isEqualTo(newest);
            assertThat(cold.inUse().pinnedChunks()).isZero();
        });
    }

    private static List<SegmentFixture> fill(ColdFixture cold, ColdLog log, Random random) {
        List<SegmentFixture> segments = new ArrayList<>();
        long base = 0;
        for (int i = 0; i < 1 + random.nextInt(8); i++) {
            SegmentFixture segment = SegmentFixture.random(random, base, 1, 1 + random.nextInt(2 * CHUNK));
            cold.await(log.append(segment));
            segments.add(segment);
            base = segment.nextOffset();
        }
        return segments;
    }

    @Test
    void anEmptyColdTierHasNoAnswersAndCostsNoRequest() {
        ColdFixture cold = new ColdFixture();
        ColdLog log = cold.log(1);
        int requests = cold.objects.requests();
        assertThat(cold.await(log.maxTimestamp())).isEmpty();
        assertThat(cold.await(log.offsetForTimestamp(5, 0))).isEmpty();
        assertThat(cold.await(log.epochAt(0))).isEmpty();
        assertThat(cold.await(log.leaderEpochs())).isEmpty();
        assertThat(cold.await(log.abortedTransactions(0, 10))).isEmpty();
        assertThat(cold.objects.requests()).isEqualTo(requests);
    }

    @Test
    void abortedTransactionsAreFoundWhereTheirMarkerIsAndSegmentsWithoutAnyCostNoRequest() {
        ColdFixture cold = new ColdFixture();
        ColdLog log = cold.log(1);
        Random random = new Random(5);
        long[] base = new long[6];
        List<ColdAbortedTransaction> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            SegmentFixture segment = SegmentFixture.random(random, base[i], 1, 2000);
            if (i == 1 || i == 3) { // begun in the segment before, marked here
                ColdAbortedTransaction aborted = new ColdAbortedTransaction(i, base[i] - 1, base[i] + 1, base[i] - 1);
                segment.aborted(aborted.producerId(), aborted.firstOffset(), aborted.lastOffset(), aborted.lastStableOffset());
                all.add(aborted);
            }
            cold.await(log.append(segment));
            base[i + 1] = segment.nextOffset();
        }
        int gets = cold.objects.requests(Operation.GET);
        assertThat(cold.await(log.abortedTransactions(base[4], base[5]))).isEmpty();
        assertThat(cold.objects.requests(Operation.GET)).isEqualTo(gets);
        assertThat(cold.await(log.abortedTransactions(0, base[5]))).isEqualTo(all);
        assertThat(cold.await(log.abortedTransactions(0, 1))).isEmpty();
        assertThat(cold.await(log.abortedTransactions(base[1] - 1, base[1]))).containsExactly(all.get(0));
        assertThat(cold.await(log.abortedTransactions(base[3], base[3] + 1))).containsExactly(all.get(1));
        assertThat(cold.await(log.abortedTransactions(base[1] + 2, base[3] - 1))).isEmpty();
    }

    @Test
    void epochsComeFromTheSegmentsOwnText() {
        ColdFixture cold = new ColdFixture();
        ColdLog log = cold.log(4);
        SegmentFixture segment = SegmentFixture.random(new Random(5), 100, 4, 2000).epochs("0\n3\n0 0\n2 102\n4 105\n");
        cold.await(log.append(segment));
        assertThat(cold.await(log.epochAt(101))).isEqualTo(OptionalInt.of(0));
        assertThat(cold.await(log.epochAt(102))).isEqualTo(OptionalInt.of(2));
        assertThat(cold.await(log.epochAt(105))).isEqualTo(OptionalInt.of(4));
        assertThat(cold.await(log.epochAt(segment.nextOffset()))).isEmpty();
        assertThat(cold.await(log.leaderEpochs())).contains("0\n3\n0 0\n2 102\n4 105\n");
    }
}
