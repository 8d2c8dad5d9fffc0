package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** Reads with a store that fails, is slow or rotten, and with too little memory. Whatever happens, every buffer comes back. */
class ColdReadFaultTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(13);
    private final SegmentFixture segment = SegmentFixture.random(random, 0, 1, 6 * CHUNK);
    private final ColdLog log = cold.log(1);
    private final ColdSegment committed = cold.await(log.append(segment));

    @Test
    void anOutageIsUnavailableAndTheNextReadAfterItSucceeds() {
        cold.objects.inject(SimFault.outage());
        assertThat(cold.failure(read(0))).isInstanceOf(ColdStoreException.Unavailable.class);
        cold.objects.clearFaults();
        assertReads(0);
        cold.assertNothingHeld();
    }

    @Test
    void aBodyCutShortIsUnavailableAndNotKept() {
        assertReads(0);
        cold.objects.inject(SimFault.cuttingBody(1));
        long there = segment.batches().get(segment.batches().size() - 1).baseOffset();
        assertThat(cold.failure(read(there))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertReads(there);
        cold.assertNothingHeld();
    }

    @Test
    void aStoreThatNeverAnswersMakesTheReadUnavailableAtItsDeadlineAndLateChunksAreNotLost() {
        assertReads(0);
        SimFault hold = cold.objects.inject(SimFault.holdingReplies().on(Operation.GET));
        long there = segment.batches().get(segment.batches().size() - 1).baseOffset();
        CompletableFuture<ColdRead> stuck = read(there);
        cold.sim.pass(2_999);
        assertThat(stuck).isNotDone();
        cold.sim.pass(1);
        assertThat(cold.failure(stuck)).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("3000 ms");
        hold.release();
        cold.sim.settle();
        int gets = cold.objects.requests(Operation.GET);
        assertReads(there);
        assertThat(cold.objects.requests(Operation.GET)).as("the late chunk is used").isEqualTo(gets);
        cold.assertNothingHeld();
    }

    @Test
    void aReadThatArrivesAfterItWasCancelledIsReleased() {
        CompletableFuture<ColdRead> unwanted = read(0);
        unwanted.cancel(false);
        cold.sim.settle();
        cold.assertNothingHeld();
    }

    @Test
    void closingEndsReadsAndQuestionsThatWaitForTheStore() {
        cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> read = read(0);
        CompletableFuture<?> question = log.epochAt(3);
        cold.sim.settle();
        cold.store.close();
        cold.sim.settle();
        assertThat(read).isCompletedExceptionally();
        assertThat(question).isCompletedExceptionally();
        assertThat(cold.failure(question)).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void indexesThatNeverComeMakeQuestionsUnavailableToo() {
        cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<?> question = log.epochAt(3);
        cold.sim.pass(3_000);
        assertThat(cold.failure(question)).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void aRottenChunkIsCorruptAfterOneMoreTryAndItsNeighboursAreServed() {
        cold.objects.flipBit(committed.key(), 3 * CHUNK + 5);
        int gets = cold.objects.requests(Operation.GET);
        SegmentFixture.Batch rotten = batchAt(3 * CHUNK + 5);
        assertThat(cold.failure(read(rotten.baseOffset()))).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(cold.objects.requests(Operation.GET) - gets).as("indexes, and chunks twice").isBetween(3, 6);
        assertReads(0);
        assertThat(cold.failure(read(rotten.baseOffset()))).as("never kept").isInstanceOf(ColdStoreException.Corrupt.class);
        cold.assertNothingHeld();
    }

    @Test
    void everyFlippedBitOfTheTailIsCorrupt() {
        long tail = committed.logSizeBytes();
        for (long at = tail; at < committed.objectSizeBytes(); at += 1 + random.nextInt(37)) {
            ColdFixture fresh = new ColdFixture();
            ColdLog again = fresh.log(1);
            ColdSegment object = fresh.await(again.append(segment));
            fresh.objects.flipBit(object.key(), at);
            assertThat(fresh.failure(again.read(0, 10, Long.MAX_VALUE, true))).as("byte " + at).isInstanceOf(ColdStoreException.Corrupt.class);
        }
    }

    @Test
    void anObjectThatIsGoneIsMissing() {
        assertReads(0);
        cold.await(cold.objects.delete(committed.key()));
        long there = segment.batches().get(segment.batches().size() - 1).baseOffset();
        assertThat(cold.failure(read(there))).isInstanceOf(ColdStoreException.Missing.class);
        cold.assertNothingHeld();
    }

    @Test
    void offsetsOutsideTheColdTierAreMissing() {
        assertThat(cold.failure(read(segment.nextOffset()))).isInstanceOf(ColdStoreException.Missing.class);
        assertThat(cold.failure(cold.log(2).read(segment.nextOffset() + 9, 10, Long.MAX_VALUE, true))).isInstanceOf(ColdStoreException.Missing.class);
    }

    @Test
    void readersThatHoldAllMemoryMakeOthersWaitAndThenUnavailable() {
        List<ColdRead> held = new ArrayList<>();
        while (true) {
            CompletableFuture<ColdRead> next = read(0);
            cold.sim.settle();
            if (!next.isDone()) {
                CompletableFuture<ColdRead> patient = read(0);
                cold.sim.settle();
                held.remove(0).release();
                assertThat(cold.await(next).baseOffset()).isZero();
                next.join().release();
                held.forEach(ColdRead::release);
                cold.await(patient).release();
                break;
            }
            held.add(next.join());
        }
        cold.assertNothingHeld();
        assertThat(held.size()).as("bounded by the budget of 10 or so units, two a read").isBetween(2, 10);
    }

    @Test
    void aReadThatWaitsForMemoryTooLongIsUnavailable() {
        List<ColdRead> held = new ArrayList<>();
        CompletableFuture<ColdRead> waiting = read(0);
        cold.sim.settle();
        while (waiting.isDone()) {
            held.add(waiting.join());
            waiting = read(0);
            cold.sim.settle();
        }
        cold.sim.pass(3_000);
        assertThat(cold.failure(waiting)).isInstanceOf(ColdStoreException.Unavailable.class);
        held.forEach(ColdRead::release);
        cold.assertNothingHeld();
    }

    @Test
    void aBatchLargerThanAReadsShareOfTheCacheIsServedWhole() {
        SegmentFixture large = new SegmentFixture(segment.nextOffset(), 1).batch(random, Compression.NONE, 1, 9 * CHUNK);
        cold.await(log.append(large));
        ColdRead read = cold.await(log.read(large.baseOffset(), 100, Long.MAX_VALUE, true));
        assertThat(ColdFixture.bytes(read)).isEqualTo(large.bytes());
        read.release();
        cold.assertNothingHeld();
    }

    @Test
    void aBatchLargerThanTheCacheIsRefusedClearly() {
        SegmentFixture large = new SegmentFixture(segment.nextOffset(), 1).batch(random, Compression.NONE, 1, 30 * CHUNK);
        cold.await(log.append(large));
        assertThat(cold.failure(log.read(large.baseOffset(), 100, Long.MAX_VALUE, true))).isInstanceOf(ColdStoreException.Misconfigured.class);
        cold.assertNothingHeld();
    }

    @Test
    void oneRequestAChunkHoweverManyReadersWantIt() {
        SimFault hold = cold.objects.inject(SimFault.holdingReplies().on(Operation.GET));
        int gets = cold.objects.requests(Operation.GET);
        List<CompletableFuture<ColdRead>> reads = new ArrayList<>();
        long offset = segment.batches().get(1).baseOffset(); // of the first one what follows is fetched, too
        for (int i = 0; i < 4; i++) {
            reads.add(log.read(offset, 1000, Long.MAX_VALUE, true));
        }
        cold.sim.settle();
        hold.release();
        reads.forEach(read -> cold.await(read).release());
        assertThat(cold.objects.requests(Operation.GET) - gets).as("the indexes and one or two chunks").isBetween(2, 3);
        int again = cold.objects.requests();
        assertReads(offset);
        assertThat(cold.objects.requests()).as("in memory now").isEqualTo(again);
        cold.assertNothingHeld();
    }

    @Test
    void readAheadHasTheNextChunksThereBeforeTheyAreAskedForAcrossSegments() {
        SegmentFixture next = SegmentFixture.random(random, segment.nextOffset(), 1, 3 * CHUNK);
        cold.await(log.append(next));
        long offset = 0;
        int waited = 0;
        int reads = 0;
        while (offset < next.nextOffset()) {
            double misses = cold.count("firn.cold.chunk.misses");
            ColdRead read = cold.await(log.read(offset, CHUNK / 2, Long.MAX_VALUE, true));
            waited += cold.count("firn.cold.chunk.misses") > misses && reads > 1 ? 1 : 0;
            offset = read.upperBoundOffset();
            read.release();
            reads++;
            cold.sim.settle();
        }
        assertThat(waited).as("reads that had to wait, of " + reads).isZero();
        cold.assertNothingHeld();
    }

    @Test
    void whileBytesAreOnTheirWayToTheReaderNothingIsFetchedAheadForItAndThenAtOnce() {
        SegmentFixture following = SegmentFixture.random(random, segment.nextOffset(), 1, 12 * CHUNK);
        cold.await(log.append(following));
        long offset = following.baseOffset();
        for (int i = 0; i < 3; i++) {
            ColdRead earlier = cold.await(log.read(offset, CHUNK / 2, Long.MAX_VALUE, true));
            offset = earlier.upperBoundOffset();
            earlier.release();
            cold.sim.settle();
        }
        double before = cold.count("firn.cold.chunk.ahead");
        ColdRead read = cold.await(log.read(offset, CHUNK / 2, Long.MAX_VALUE, true));
        cold.sim.settle();
        assertThat(cold.count("firn.cold.chunk.ahead")).isEqualTo(before);
        read.release();
        cold.sim.settle();
        assertThat(cold.count("firn.cold.chunk.ahead")).isGreaterThan(before);
        cold.assertNothingHeld();
    }

    @Test
    void aReadWhoseBytesAreThereTakesOneTaskAndNoTimer() {
        cold.await(read(0)).release();
        cold.sim.settle();
        CompletableFuture<ColdRead> again = read(0);
        cold.sim.step();
        assertThat(again).as("found, and on its way to where the caller wants it").isNotDone();
        cold.sim.step();
        assertThat(again).isCompleted();
        again.join().release();
        cold.assertNothingHeld();
    }

    @Test
    void aReaderThatIsForgottenTakesItsReadAheadAlong() {
        SegmentFixture many = new SegmentFixture(segment.nextOffset(), 1);
        for (int i = 0; i < 1_100; i++) {
            many.batch(random, Compression.NONE, 1, 10);
        }
        cold.await(log.append(many));
        cold.objects.inject(SimFault.holdingRequests().on(Operation.GET).forKeys(key -> key.equals(committed.key())));
        CompletableFuture<ColdRead> first = read(0);
        cold.sim.settle();
        cold.objects.clearFaults();
        ColdRead begun = cold.await(first);
        long next = begun.upperBoundOffset();
        begun.release();
        cold.await(read(next)).release();
        for (SegmentFixture.Batch batch : many.batches()) {
            cold.await(log.read(batch.baseOffset(), 1, Long.MAX_VALUE, true)).release();
            cold.sim.pass(40);
        }
        assertThat(cold.inUse().sequences()).isLessThanOrEqualTo(1_024);
        cold.assertNothingHeld();
    }

    @Test
    void readAheadNeverTakesTheMemoryReadersNeed() {
        ColdFixture small = new ColdFixture(ColdFixture.config(8 * CHUNK, 1_000L * CHUNK));
        ColdLog crowded = small.log(1);
        List<SegmentFixture> parts = new ArrayList<>();
        for (long base = 0; parts.size() < 3; base = parts.get(parts.size() - 1).nextOffset()) {
            parts.add(SegmentFixture.random(random, base, 1, 12 * CHUNK));
            small.await(crowded.append(parts.get(parts.size() - 1)));
        }
        long[] offsets = new long[6];
        for (int round = 0; round < 200; round++) {
            for (int reader = 0; reader < offsets.length; reader++) {
                if (offsets[reader] < crowded.endOffset()) {
                    ColdRead read = small.await(crowded.read(offsets[reader], CHUNK / (reader + 1), Long.MAX_VALUE, true));
                    offsets[reader] = read.upperBoundOffset();
                    read.release();
                }
            }
        }
        assertThat(offsets[0]).isEqualTo(crowded.endOffset());
        assertThat(small.inUse().usedUnits()).isLessThanOrEqualTo(8);
    }

    @Test
    void aSequenceThatEndsWithNothingGivesUpWhatWasFetchedAheadForIt() {
        SegmentFixture small = new SegmentFixture(segment.nextOffset(), 1);
        while (small.logSizeBytes() < 6 * CHUNK) {
            small.batch(random, Compression.NONE, 1, 1_000);
        }
        cold.await(log.append(small));
        long offset = small.baseOffset();
        for (int i = 0; i < 5; i++) {
            ColdRead read = cold.await(log.read(offset, CHUNK / 2, Long.MAX_VALUE, true));
            offset = read.upperBoundOffset();
            read.release();
        }
        assertThat(cold.inUse().unreadUnits()).isPositive();
        cold.await(log.read(offset, 10, Long.MAX_VALUE, false)).release();
        assertThat(cold.inUse().unreadUnits()).isZero();
        assertThat(cold.inUse().sequences()).isZero();
    }

    @Test
    void indexesThatArriveForAForgottenSequenceFetchNothingAhead() {
        SegmentFixture next = SegmentFixture.random(random, segment.nextOffset(), 1, 3 * CHUNK);
        ColdSegment object = cold.await(log.append(next));
        SimFault hold = cold.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> key.equals(object.key())));
        long last = segment.batches().get(segment.batches().size() - 1).baseOffset();
        long before = segment.batches().get(segment.batches().size() - 2).baseOffset();
        ColdRead first = cold.await(log.read(before, 1, last, true));
        first.release();
        cold.await(log.read(last, 1, Long.MAX_VALUE, true)).release();
        assertThat(hold.heldCount()).as("the next segment's indexes are on their way").isOne();
        CompletableFuture<ColdRead> failed = log.read(next.baseOffset(), 1, Long.MAX_VALUE, false);
        cold.sim.pass(3_000);
        assertThat(cold.failure(failed)).isInstanceOf(ColdStoreException.Unavailable.class);
        hold.release();
        cold.sim.settle();
        assertThat(cold.inUse().unreadUnits()).isZero();
    }

    @Test
    void readersInStepShareOneSequenceAndItsReadAhead() {
        SegmentFixture small = new SegmentFixture(segment.nextOffset(), 1);
        while (small.logSizeBytes() < 6 * CHUNK) {
            small.batch(random, Compression.NONE, 1, 1_000);
        }
        cold.await(log.append(small));
        long offset = small.baseOffset();
        double misses = 0;
        for (int round = 0; offset < small.nextOffset(); round++) {
            long next = 0;
            for (int reader = 0; reader < 3; reader++) {
                ColdRead read = cold.await(log.read(offset, CHUNK / 2, Long.MAX_VALUE, true));
                next = read.upperBoundOffset();
                read.release();
            }
            offset = next;
            misses = round == 2 ? cold.count("firn.cold.chunk.misses") : misses;
            cold.sim.settle();
        }
        assertThat(cold.count("firn.cold.chunk.misses")).as("after the third round").isEqualTo(misses);
        assertThat(cold.inUse().sequences()).isOne();
    }

    @Test
    void aReadReleasedTwiceIsAProgrammersError() {
        ColdRead read = cold.await(read(0));
        read.release();
        assertThatThrownBy(read::release).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void closingFailsWhatIsInProgress() {
        cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> stuck = read(0);
        cold.sim.settle();
        cold.store.close();
        assertThat(cold.failure(stuck)).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(cold.failure(read(0))).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    private CompletableFuture<ColdRead> read(long offset) {
        return log.read(offset, CHUNK / 4, Long.MAX_VALUE, true);
    }

    private void assertReads(long offset) {
        ColdRead read = cold.await(read(offset));
        assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(read.baseOffset(), read.upperBoundOffset()));
        read.release();
    }

    private SegmentFixture.Batch batchAt(int position) {
        return segment.batches().stream().filter(batch -> position < batch.position() + batch.sizeBytes()).findFirst().orElseThrow();
    }
}
