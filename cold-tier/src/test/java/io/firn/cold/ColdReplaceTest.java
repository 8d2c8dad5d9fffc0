package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** Compacted segments take the place of others: all at once, or not at all. */
class ColdReplaceTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(17);

    private List<SegmentFixture> filled(ColdLog log, int segments) {
        return filled(cold, log, segments);
    }

    private List<SegmentFixture> filled(ColdFixture cold, ColdLog log, int segments) {
        List<SegmentFixture> all = new ArrayList<>();
        for (int i = 0; i < segments; i++) {
            SegmentFixture segment = SegmentFixture.random(random, log.endOffset(), 1, CHUNK);
            cold.await(log.append(segment));
            all.add(segment);
        }
        return all;
    }

    @Test
    void theNewSegmentsCountAndTheOldObjectsGoAfterTheGracePeriod() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 4);
        List<ColdSegment> before = cold.segments(log);
        List<SegmentFixture> compacted = List.of(SegmentFixture.compacted(random, segments.subList(1, 2), 30), SegmentFixture.compacted(random, segments.subList(2, 3), 30));
        cold.sim.pass(5_000);
        List<ColdSegment> replaced = cold.await(log.replace(before.subList(1, 3), compacted)).orElseThrow();
        assertThat(cold.segments(log)).containsExactly(before.get(0), replaced.get(0), replaced.get(1), before.get(3));
        assertThat(cold.segments(cold.log(2))).isEqualTo(cold.segments(log));
        assertThat(replaced).allMatch(segment -> segment.offloadedAtMs() == before.get(2).offloadedAtMs());
        cold.sim.pass(59_000);
        assertThat(cold.objects.keys()).contains(before.get(1).key(), before.get(2).key());
        cold.sim.pass(40_000);
        assertThat(cold.objects.keys()).doesNotContain(before.get(1).key(), before.get(2).key()).contains(before.get(0).key(), replaced.get(0).key());
        assertThat(cold.count("firn.cold.superseded.segments")).isEqualTo(2);
    }

    @Test
    void severalSmallSegmentsBecomeOne() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 3);
        SegmentFixture merged = SegmentFixture.compacted(random, segments, 20);
        assertThat(cold.await(log.replace(cold.segments(log), List.of(merged)))).isPresent();
        assertThat(cold.segments(log)).hasSize(1);
        assertThat(log.startOffset()).isZero();
        assertThat(log.endOffset()).isEqualTo(segments.get(2).nextOffset());
        assertThat(log.sizeBytes()).isEqualTo(merged.logSizeBytes());
    }

    @Test
    void whatStandsForAnotherRangeIsRefusedBeforeAnyRequest() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 2);
        int requests = cold.objects.requests();
        assertThat(cold.failure(log.replace(cold.segments(log), List.of(segments.get(0))))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.failure(log.replace(cold.segments(log), List.of(segments.get(1))))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.failure(log.replace(cold.segments(log), List.of(segments.get(0), segments.get(0))))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.failure(log.replace(cold.segments(log), List.of()))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.objects.requests()).isEqualTo(requests);
    }

    @Test
    void segmentsThatWereDeletedOrReplacedMeanwhileAreNotReplacedAndNothingIsLeftBehind() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 3);
        List<ColdSegment> before = cold.segments(log);
        SegmentFixture compacted = SegmentFixture.compacted(random, segments.subList(0, 2), 30);
        cold.await(log.deleteBefore(segments.get(0).nextOffset()));
        assertThat(cold.await(log.replace(before.subList(0, 2), List.of(compacted)))).isEmpty();
        SegmentFixture second = SegmentFixture.compacted(random, segments.subList(1, 2), 30);
        assertThat(cold.await(log.replace(before.subList(1, 2), List.of(second)))).isPresent();
        long objects = cold.objects.keys().stream().filter(key -> key.endsWith(".segment")).count();
        assertThat(cold.await(log.replace(before.subList(1, 2), List.of(second)))).isEmpty();
        assertThat(cold.objects.keys().stream().filter(key -> key.endsWith(".segment"))).hasSize((int) objects);
        assertThat(cold.count("firn.cold.orphans.possible")).isZero();
    }

    @Test
    void aReplacementIsDecidedAnewOnANewerManifestAndGivesUpWhenItsSegmentsAreGone() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 3);
        List<ColdSegment> before = cold.segments(log);
        ColdLog leader = cold.await(cold.another(9).openLog(PARTITION, 2)); // and has fenced nobody yet
        ColdLog later = cold.await(cold.another(10).openLog(PARTITION, 3));
        SegmentFixture compacted = SegmentFixture.compacted(random, segments.subList(1, 2), 30);

        SegmentFixture fourth = SegmentFixture.random(random, log.endOffset(), 1, 1_000);
        cold.await(log.append(fourth));
        List<ColdSegment> swapped = cold.await(leader.replace(before.subList(1, 2), List.of(compacted))).orElseThrow();
        assertThat(cold.segments(leader)).as("both changes").hasSize(4).contains(swapped.get(0));

        long objects = cold.objects.keys().stream().filter(key -> key.endsWith(".segment")).count();
        assertThat(cold.await(later.replace(before.subList(1, 2), List.of(compacted)))).as("found out when it commits").isEmpty();
        assertThat(cold.objects.keys().stream().filter(key -> key.endsWith(".segment"))).as("what it uploaded is gone again").hasSize((int) objects);
        assertThat(cold.segments(later)).isEqualTo(cold.segments(leader)).isEqualTo(cold.segments(cold.log(4)));
    }

    /** The old process stalls before it knows that its replacement counts; the new one of the same epoch has gone on from there. */
    @Test
    void ofAReplacementThatCountedAndWasReplacedInPartNothingLiveIsDeleted() {
        ColdLog stalled = cold.log(1);
        List<SegmentFixture> segments = filled(stalled, 2);
        List<ColdSegment> before = cold.segments(stalled);
        SimFault stall = cold.objects.inject(SimFault.holdingRequests().on(Operation.LIST));
        CompletableFuture<?> late = stalled.replace(before, List.of(SegmentFixture.compacted(random, segments.subList(0, 1), 50), SegmentFixture.compacted(random, segments.subList(1, 2), 50)));
        cold.sim.settle();
        assertThat(stall.heldCount()).isOne();
        ColdStore elsewhere = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), cold.objects.reopened(), cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3));
        ColdLog twin = cold.await(elsewhere.openLog(PARTITION, 1));
        List<ColdSegment> counted = cold.segments(twin);
        assertThat(counted).doesNotContainAnyElementsOf(before);
        assertThat(cold.await(twin.replace(counted.subList(0, 1), List.of(SegmentFixture.compacted(random, segments.subList(0, 1), 20))))).isPresent();
        for (int i = 0; i < 30; i++) { // so that the number is trimmed
            cold.await(twin.append(SegmentFixture.random(random, twin.endOffset(), 1, 300)));
        }
        cold.objects.clearFaults();
        assertThat(cold.failure(late)).as("it cannot tell any more").isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(cold.objects.keys()).contains(counted.get(0).key(), counted.get(1).key());
        cold.sim.pass(200_000);
        assertThat(cold.objects.keys()).as("only what was dropped, after the grace period").contains(counted.get(1).key()).doesNotContain(counted.get(0).key());
    }

    @Test
    void aZombieReplacesNothing() {
        ColdLog zombie = cold.log(1);
        List<SegmentFixture> segments = filled(zombie, 2);
        List<ColdSegment> before = cold.segments(zombie);
        ColdLog leader = cold.await(cold.another(9).openLog(PARTITION, 2));
        cold.await(leader.replace(before.subList(1, 2), List.of(SegmentFixture.compacted(random, segments.subList(1, 2), 30))));
        CompletableFuture<Optional<List<ColdSegment>>> late = zombie.replace(before.subList(0, 1), List.of(SegmentFixture.compacted(random, segments.subList(0, 1), 30)));
        assertThat(cold.failure(late)).isInstanceOf(ColdStoreException.Fenced.class);
        assertThat(cold.segments(cold.log(3))).isEqualTo(cold.segments(leader)).contains(before.get(0));
        assertThat(cold.count("firn.cold.orphans.possible")).isOne();
    }

    @Test
    void whateverSingleRequestFailsTheLogIsTheOldOneOrTheNewOneAndARepetitionSucceeds() {
        for (Operation operation : Operation.values()) {
            for (SimFault fault : List.of(SimFault.failing(1), SimFault.losingReply(1), SimFault.losingRequest(1), SimFault.cuttingBody(1))) {
                ColdFixture fresh = new ColdFixture();
                ColdLog log = fresh.log(1);
                List<SegmentFixture> segments = filled(fresh, log, 3);
                List<ColdSegment> before = fresh.segments(log);
                List<SegmentFixture> compacted = List.of(SegmentFixture.compacted(random, segments.subList(0, 1), 30), SegmentFixture.compacted(random, segments.subList(1, 2), 30));
                fresh.objects.inject(fault.on(operation));
                try {
                    fresh.await(log.replace(before.subList(0, 2), compacted));
                } catch (RuntimeException e) {
                    assertThat(e.getCause()).isInstanceOfAny(ColdStoreException.Unavailable.class, ColdStoreException.Uncertain.class);
                    assertWhole(fresh, fresh.log(1));
                    fresh.await(log.replace(before.subList(0, 2), compacted)); // empty if it had happened
                }
                assertThat(fresh.segments(log)).hasSize(3).doesNotContain(before.get(0), before.get(1)).contains(before.get(2));
                assertThat(fresh.segments(fresh.log(2))).isEqualTo(fresh.segments(log));
                assertWhole(fresh, log);
            }
        }
    }

    @Test
    void aProcessThatDiesAtAnyRequestLeavesTheOldLogOrTheNewOne() {
        int point = 0;
        int swapped = 0;
        for (boolean reached = true; reached; point++) {
            ColdFixture fresh = new ColdFixture();
            ColdLog log = fresh.log(1);
            List<SegmentFixture> segments = filled(fresh, log, 3);
            List<ColdSegment> before = fresh.segments(log);
            int allowed = fresh.objects.requests() + point;
            SimFault death = SimFault.holdingRequests().forKeys(key -> fresh.objects.requests() > allowed);
            fresh.objects.inject(death);
            log.replace(before.subList(0, 2), List.of(SegmentFixture.compacted(random, segments.subList(0, 2), 30)));
            fresh.sim.settle();
            reached = death.heldCount() > 0;
            SimObjectStore bucket = fresh.objects.reopened();
            ColdStore restarted = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, fresh.sim, new SimpleMeterRegistry(), fresh.sim.threads(), new Random(3));
            ColdLog after = fresh.await(restarted.openLog(PARTITION, 2));
            assertWhole(fresh, after);
            boolean done = !fresh.segments(after).equals(before);
            swapped += done ? 1 : 0;
            long orphans = bucket.keys().stream().filter(key -> key.endsWith(".segment")).count() - 3 - (done ? 1 : 0);
            assertThat(orphans).as("at most the one new object").isBetween(0L, 1L);
            fresh.await(after.append(SegmentFixture.random(random, after.endOffset(), 2, 1_000)));
            List<ColdSegment> taken = fresh.segments(after);
            fresh.objects.clearFaults(); // now the dead process's request arrives
            fresh.sim.settle();
            ColdLog later = fresh.await(restarted.openLog(PARTITION, 3));
            assertThat(fresh.segments(later)).isEqualTo(taken);
            assertWhole(fresh, later);
        }
        assertThat(point).isGreaterThan(4);
        assertThat(swapped).isBetween(1, point - 1);
    }

    /** Every segment of the log is there and is what the manifest says. */
    private static void assertWhole(ColdFixture fresh, ColdLog log) {
        for (ColdSegment segment : fresh.segments(log)) {
            ColdSegmentLog opened = fresh.await(log.openSegment(segment));
            for (int chunk = 0; chunk < opened.chunks(); chunk++) {
                fresh.await(opened.chunk(chunk));
            }
        }
    }

    @Test
    void howFarCompactionHasComeIsRememberedAndNeverFalls() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = filled(log, 2);
        assertThat(log.cleanOffset()).isZero();
        cold.await(log.cleanUpTo(segments.get(0).nextOffset()));
        int requests = cold.objects.requests();
        cold.await(log.cleanUpTo(1));
        assertThat(cold.objects.requests()).isEqualTo(requests);
        cold.await(log.deleteBefore(segments.get(0).nextOffset()));
        assertThat(cold.log(2).cleanOffset()).isEqualTo(segments.get(0).nextOffset());
        assertThat(cold.failure(log.cleanUpTo(log.endOffset() + 1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aSegmentIsReadWholePastTheCache() {
        ColdLog log = cold.log(1);
        SegmentFixture segment = SegmentFixture.random(random, 0, 1, 5 * CHUNK).aborted(7, 1, 3, 1).epochs("0\n1\n1 0\n");
        cold.await(log.append(segment));
        int used = cold.inUse().usedUnits();
        ColdSegmentLog opened = cold.await(log.openSegment(cold.segments(log).get(0)));
        ByteBuffer all = ByteBuffer.allocate((int) segment.logSizeBytes());
        for (int chunk = 0; chunk < opened.chunks(); chunk++) {
            all.put(cold.await(opened.chunk(chunk)));
        }
        assertThat(all.array()).isEqualTo(segment.bytes());
        assertThat(opened.abortedTransactions()).containsExactly(new ColdAbortedTransaction(7, 1, 3, 1));
        assertThat(opened.leaderEpochs()).isEqualTo("0\n1\n1 0\n");
        assertThat(opened.producerSnapshot()).isEqualTo(segment.producerSnapshot());
        assertThat(cold.inUse().usedUnits()).isEqualTo(used);
        assertThat(cold.inUse().indexBytes()).isZero();
    }

    @Test
    void aDamagedChunkIsFetchedOnceMoreAndThenCorrupt() {
        ColdLog log = cold.log(1);
        SegmentFixture segment = SegmentFixture.random(random, 0, 1, 2 * CHUNK);
        ColdSegment committed = cold.await(log.append(segment));
        ColdSegmentLog opened = cold.await(log.openSegment(committed));
        cold.objects.flipBit(committed.key(), 100);
        assertThat(cold.failure(opened.chunk(0))).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(cold.count("firn.cold.chunk.corrupt")).isEqualTo(2);
        cold.await(opened.chunk(1));
    }

    @Test
    void aBatchWithoutRecordsHasNoTimestamp() {
        ColdLog log = cold.log(1);
        cold.await(log.append(new SegmentFixture(0, 1).batch(random, Compression.NONE, 3, 50)));
        ColdSegment emptied = cold.await(log.append(new SegmentFixture(3, 1).emptyBatch(5, 1L << 40)));
        assertThat(emptied.maxTimestampMs()).isEqualTo(-1);
        assertThat(cold.await(log.maxTimestamp())).hasValueSatisfying(found -> assertThat(found.offset()).isLessThan(3));
        assertThat(cold.await(log.offsetForTimestamp(1L << 39, 0))).isEmpty();
        assertThat(cold.await(log.epochAt(4))).hasValue(1);
    }
}
