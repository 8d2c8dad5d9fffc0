package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How far ahead is read, by how many requests, out of whose memory, and what becomes of a request of many chunks when something goes wrong. A chunk is 64 KiB here; all ratios are those of chunks of 1 MiB. */
class ColdReadAheadTest {

    /** As 300 requests for a GiB in chunks of 1 MiB. */
    private static final double REQUESTS_A_CHUNK = 300 / 1024.0;

    private final Random random = new Random(5);
    private long written;

    /** A cold tier of which read-ahead may be {@code ahead} chunks of the {@code cache} there are, less an eighth. */
    private static ColdFixture cold(int cache, int ahead, int parallelism) {
        return new ColdFixture(new ColdStoreConfig("firn", "cluster-a", CHUNK, (long) cache * CHUNK, parallelism, (long) ahead * CHUNK, 2, 1_000, 3, 60_000, false));
    }

    /** A segment of so many chunks, in batches of somewhat less than half a chunk. */
    private SegmentFixture segment(int chunks) {
        SegmentFixture segment = new SegmentFixture(written, 1);
        while (segment.logSizeBytes() < (long) (chunks - 1) * CHUNK + CHUNK / 2) {
            segment.batch(random, Compression.NONE, 1, 30_000);
        }
        written = segment.nextOffset();
        return segment;
    }

    /** A reader who checks what it gets. */
    private static final class Reader {
        private final ColdFixture cold;
        private final ColdLog log;
        private final SegmentFixture source;
        private String key;
        private long offset;

        Reader(ColdFixture cold, ColdLog log, SegmentFixture source) {
            this.cold = cold;
            this.log = log;
            this.source = source;
            this.offset = source.baseOffset();
        }

        CompletableFuture<ColdRead> ask() {
            return log.read(offset, CHUNK, Long.MAX_VALUE, true);
        }

        void take(ColdRead read) {
            assertThat(ColdFixture.bytes(read)).isEqualTo(source.bytes(offset, read.upperBoundOffset()));
            offset = read.upperBoundOffset();
            read.release();
        }

        void read(int times) {
            for (int i = 0; i < times; i++) {
                take(cold.await(ask()));
                cold.sim.settle();
            }
        }

        /** Goes to where nothing is known but by the indexes. */
        Reader beyondTheFirstBatch() {
            offset = source.batches().get(1).baseOffset();
            return this;
        }

        boolean atEnd() {
            return offset >= source.nextOffset();
        }
    }

    @Test
    void aLongReplayIsFewRequestsAndFetchesHardlyMoreThanItDelivers() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = List.of(segment(500), segment(524));
        segments.forEach(segment -> cold.await(log.append(segment)));
        int before = cold.objects.requests(Operation.GET);
        segments.forEach(segment -> {
            Reader reader = new Reader(cold, log, segment);
            while (!reader.atEnd()) {
                reader.read(1);
            }
        });
        assertThat(cold.objects.requests(Operation.GET) - before).isLessThan((int) (1_024 * REQUESTS_A_CHUNK));
        assertThat(cold.count("firn.cold.fetched.bytes") / cold.count("firn.cold.delivered.bytes")).isLessThan(1.05);
    }

    @Test
    void aShortReadFetchesNothingButItsOwnChunksAndAFollowingOneLittle() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        Reader reader = new Reader(cold, log, segment(100)).beyondTheFirstBatch();
        cold.await(log.append(reader.source));
        reader.read(1);
        assertThat(cold.count("firn.cold.chunk.ahead")).isZero();
        reader.read(1);
        assertThat(cold.count("firn.cold.chunk.ahead")).isLessThanOrEqualTo(4);
    }

    @Test
    void theSecondOfLargeReadsHasAsMuchAheadAsItAsksForItself() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        SegmentFixture source = segment(100);
        cold.await(log.append(source));
        ColdRead first = cold.await(log.read(0, 8 * CHUNK, Long.MAX_VALUE, true));
        long offset = first.upperBoundOffset();
        first.release();
        cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> second = log.read(offset, 8 * CHUNK, Long.MAX_VALUE, true);
        assertThat(cold.inUse().unreadUnits()).isBetween(6, 8);
        cold.objects.clearFaults();
        cold.await(second).release();
    }

    @Test
    void neighboursThatAReadWaitsForComeByOneRequest() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        SegmentFixture source = segment(20);
        cold.await(log.append(source));
        cold.await(log.read(0, 1, Long.MAX_VALUE, true)).release();
        int before = cold.objects.requests(Operation.GET);
        ColdRead read = cold.await(log.read(source.batchOf(0).nextOffset() + 6, 4 * CHUNK, Long.MAX_VALUE, true));
        assertThat(read.sizeBytes()).isGreaterThan(3 * CHUNK);
        assertThat(cold.objects.requests(Operation.GET) - before).isOne();
        read.release();
    }

    @Test
    void aReaderWithNothingElseAboutHasAllItsReadAheadOnItsWay() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        Reader reader = new Reader(cold, log, segment(200));
        cold.await(log.append(reader.source));
        reader.read(7);
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> next = reader.ask();
        for (int reads = 0; next.isDone() || reads == 0; reads++) {
            cold.sim.settle();
            if (next.isDone()) {
                reader.take(next.join());
                next = reader.ask();
                cold.sim.settle();
            }
        }
        assertThat(cold.inUse().unreadUnits()).as("of 64, all still on their way").isGreaterThan(64 - 8);
        assertThat(hold.heldCount()).isBetween(4, 6);
        hold.release();
        reader.take(cold.await(next));
    }

    @Test
    void sixteenReplaysShareTheMemoryAndNoneStarves() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        List<Reader> readers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Reader reader = new Reader(cold, log, segment(120));
            reader.key = cold.await(log.append(reader.source)).key();
            readers.add(reader);
        }
        int before = cold.objects.requests(Operation.GET);
        for (int round = 0; round < 20; round++) {
            readers.forEach(reader -> reader.read(1 + random.nextInt(2)));
        }
        assertThat(cold.inUse().usedUnits()).isLessThanOrEqualTo(224);
        List<SimFault> holds = readers.stream().map(reader -> cold.objects.inject(SimFault.holdingRequests().on(Operation.GET).forKeys(reader.key::equals))).toList();
        List<CompletableFuture<ColdRead>> waiting = new ArrayList<>(readers.stream().map(Reader::ask).toList());
        for (int i = 0; i < 16; i++) {
            for (cold.sim.settle(); waiting.get(i).isDone(); cold.sim.settle()) {
                readers.get(i).take(waiting.get(i).join());
                waiting.set(i, readers.get(i).ask());
            }
        }
        assertThat(holds).as("each waits for a request of its own").allMatch(hold -> hold.heldCount() >= 1);
        assertThat(cold.inUse().unreadUnits()).as("and the memory for read-ahead is on its way").isGreaterThanOrEqualTo(16 * 3);
        holds.forEach(SimFault::release);
        for (int i = 0; i < 16; i++) {
            readers.get(i).take(cold.await(waiting.get(i)));
        }
        for (boolean more = true; more; ) {
            more = false;
            for (Reader reader : readers) {
                more |= !reader.atEnd();
                reader.read(reader.atEnd() ? 0 : 1);
            }
        }
        assertThat(cold.objects.requests(Operation.GET) - before).as("of 1920 chunks").isLessThan((int) (16 * 120 * 1.5 * REQUESTS_A_CHUNK));
        assertThat(cold.count("firn.cold.fetched.bytes") / cold.count("firn.cold.delivered.bytes")).as("with so little memory a chunk that a read ended in may be gone before the next").isLessThan(1.06);
    }

    @Test
    void aReaderBesideManyWhoHaveLeftHasItsWindowAFewSecondsLater() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        List<Reader> left = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            left.add(new Reader(cold, log, segment(20)));
            cold.await(log.append(left.get(i).source));
        }
        for (int round = 0; round < 4; round++) {
            left.forEach(reader -> reader.read(1));
        }
        assertThat(cold.inUse().unreadUnits()).as("one each").isGreaterThanOrEqualTo(64);
        Reader reader = new Reader(cold, log, segment(200));
        cold.await(log.append(reader.source));
        cold.sim.pass(5_000);
        reader.read(10);
        assertThat(cold.inUse().sequences()).as("the others were given up").isOne();
        assertThat(cold.inUse().unreadUnits()).as("of 64").isGreaterThan(64 - 16);
    }

    /** Eight who read with this pause, and have so much ahead that another one cannot have its window. */
    private void haveRead(ColdFixture cold, ColdLog log, long pauseMs) {
        List<Reader> readers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            readers.add(new Reader(cold, log, segment(60)));
            cold.await(log.append(readers.get(i).source));
        }
        for (int round = 0; round < 21; round++) {
            cold.sim.pass(pauseMs);
            readers.forEach(reader -> reader.read(1));
        }
        assertThat(cold.inUse().unreadUnits()).as("of 112").isGreaterThan(112 - 64);
    }

    @ParameterizedTest
    @CsvSource({"0, 499, false", "0, 500, true", "100, 1500, false", "100, 1700, true", "1000, 4900, false", "1000, 5000, true"})
    void whoHasNotReadForManyOfItsUsualPausesHasNothingAheadWhereMemoryIsShort(long pauseMs, long silenceMs, boolean idle) {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        haveRead(cold, log, pauseMs);
        Reader reader = new Reader(cold, log, segment(200));
        cold.await(log.append(reader.source));
        cold.sim.pass(silenceMs);
        reader.read(20);
        assertThat(cold.inUse().sequences()).as("known all the same").isEqualTo(silenceMs < 5_000 ? 9 : 1);
        assertThat(cold.inUse().unreadUnits()).as("its own window of 64, or that and what the others have").matches(units -> idle == (units <= 64));
    }

    @Test
    void aLookUpByTimeFetchesItsChunksAndNothingAhead() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        SegmentFixture source = segment(100);
        cold.await(log.append(source));
        int before = cold.objects.requests(Operation.GET);
        cold.await(log.offsetForTimestamp(source.maxTimestampMs(), 0));
        assertThat(cold.objects.requests(Operation.GET) - before).as("the indexes, and what it looks through").isLessThanOrEqualTo(3);
        assertThat(cold.count("firn.cold.chunk.ahead")).isZero();
        assertThat(cold.inUse().sequences()).isZero();
    }

    @Test
    void aReaderWhoStandsWhereALookUpLooksGoesOnAsItWas() {
        ColdFixture cold = cold(256, 64, 64);
        ColdLog log = cold.log(1);
        Reader reader = new Reader(cold, log, segment(100));
        cold.await(log.append(reader.source));
        reader.read(4);
        int unread = cold.inUse().unreadUnits();
        cold.await(log.offsetForTimestamp(0, reader.offset));
        assertThat(cold.inUse().sequences()).isOne();
        reader.read(1);
        assertThat(cold.inUse().unreadUnits()).as("twice as far").isGreaterThan(unread);
    }

    @Test
    void noTaskMakesMoreThanALittleMemoryAndAWindowGoesOnInFurtherOnes() {
        ColdFixture cold = cold(1024, 300, 64);
        ColdLog log = cold.log(1);
        Reader reader = new Reader(cold, log, segment(1_000));
        cold.await(log.append(reader.source));
        int mostInATask = (2 << 20) / CHUNK;
        int made = cold.inUse().madeUnits();
        int most = 0;
        while (made < 500 && !reader.atEnd()) {
            CompletableFuture<ColdRead> asked = reader.ask();
            while (cold.sim.step()) {
                int now = cold.store.reads().inUse().madeUnits();
                most = Math.max(most, now - made);
                made = now;
            }
            reader.take(asked.join());
        }
        assertThat(most).as("new buffers in one task").isBetween(8, mostInATask);
        assertThat(cold.inUse().unreadUnits()).isGreaterThan(3 * mostInATask);
    }

    @Test
    void aLargeReadMakesItsMemoryInSeveralTasksToo() {
        ColdFixture cold = cold(1024, 0, 64);
        ColdLog log = cold.log(1);
        SegmentFixture source = segment(400);
        cold.await(log.append(source));
        CompletableFuture<ColdRead> large = log.read(0, 120 * CHUNK, Long.MAX_VALUE, true);
        int made = 0;
        while (cold.sim.step()) {
            int now = cold.store.reads().inUse().madeUnits();
            assertThat(now - made).isLessThanOrEqualTo((2 << 20) / CHUNK);
            made = now;
        }
        assertThat(ColdFixture.bytes(large.join())).isEqualTo(source.bytes(0, large.join().upperBoundOffset()));
        assertThat(large.join().sizeBytes()).isGreaterThan(118 * CHUNK);
        large.join().release();
    }

    /** A reader in a long segment, with many short ones behind it whose requests are held: until their indexes have come nothing else of them is asked for. */
    @Nested
    class BeforeManySegments {
        private final ColdFixture cold = cold(256, 64, 64);
        private final ColdLog log = cold.log(1);
        private final SegmentFixture first = segment(150);
        private final List<SegmentFixture> behind = new ArrayList<>();
        private final List<SimFault> holds = new ArrayList<>();
        private final List<String> keys = new ArrayList<>();
        /** Keys of all GETs, in order. */
        private final List<String> asked = new ArrayList<>();
        private final Reader reader = new Reader(cold, log, first);

        private void segmentsBehind(int count, int chunks) {
            cold.await(log.append(first));
            cold.objects.inject(SimFault.outage().on(Operation.GET).forKeys(key -> !asked.add(key))); // fails nothing, but sees what is asked for
            for (int i = 0; i < count; i++) {
                SegmentFixture next = segment(chunks);
                String key = cold.await(log.append(next)).key();
                behind.add(next);
                keys.add(key);
                holds.add(cold.objects.inject(SimFault.holdingRequests().on(Operation.GET).forKeys(key::equals)));
            }
        }

        /** Until its window is as large as it gets, which ends well before the segment does. */
        private void readUntilTheWindowIsWhole() {
            reader.read(10);
            assertThat(cold.inUse().unreadUnits()).isBetween(50, 64);
        }

        private List<Integer> heldRequests() {
            return holds.stream().map(SimFault::heldCount).toList();
        }

        @Test
        void theIndexesOfEightAreAskedForBeforeTheWindowGetsThere() {
            segmentsBehind(10, 3);
            readUntilTheWindowIsWhole();
            assertThat(heldRequests()).containsExactly(1, 1, 1, 1, 1, 1, 1, 1, 0, 0);
        }

        @Test
        void noFurtherThanTwiceTheWindow() {
            segmentsBehind(8, 40);
            readUntilTheWindowIsWhole();
            assertThat(heldRequests()).containsExactly(1, 1, 1, 1, 0, 0, 0, 0);
        }

        @Test
        void aShortReaderAsksForNone() {
            segmentsBehind(3, 3);
            reader.beyondTheFirstBatch().read(3);
            assertThat(heldRequests()).containsExactly(0, 0, 0);
            reader.read(2);
            assertThat(heldRequests()).as("it has become a long one").containsExactly(1, 1, 1);
        }

        @Test
        void withEachSegmentTheReaderEntersOneMoreIsAskedFor() {
            segmentsBehind(20, 3);
            while (!reader.atEnd()) {
                reader.read(1);
            }
            for (int i = 0; i < behind.size(); i++) {
                holds.get(i).release();
                Reader next = new Reader(cold, log, behind.get(i));
                next.read(1);
                assertThat(heldRequests().subList(i + 1, Math.min(i + 9, 20))).as("behind the segment %d", i).allMatch(count -> count == 1);
                while (!next.atEnd()) {
                    next.read(1);
                }
            }
        }

        @Test
        void aFailureAheadHarmsNothingAndTheReaderAsksAgainWhenItGetsThere() {
            segmentsBehind(1, 20);
            holds.forEach(SimFault::release);
            asked.clear();
            String key = keys.get(0);
            SimFault outage = cold.objects.inject(SimFault.outage().on(Operation.GET).forKeys(key::equals));
            readUntilTheWindowIsWhole();
            assertThat(asked).as("ahead, in vain").contains(key);
            while (!reader.atEnd()) {
                reader.read(1);
            }
            Reader next = new Reader(cold, log, behind.get(0));
            assertThat(cold.failure(next.ask())).isInstanceOf(ColdStoreException.Unavailable.class);
            outage.release();
            while (!next.atEnd()) {
                next.read(1);
            }
            assertThat(cold.inUse().reservedUnits()).isZero();
        }
    }

    /** A reader whose next reads lie in a run of many chunks that was fetched ahead by one request. */
    @Nested
    class WithinARun {
        private final ColdFixture cold = cold(256, 64, 4);
        private final ColdLog log = cold.log(1);
        private final SegmentFixture source = segment(300);
        private final ColdSegment object = cold.await(log.append(source));
        private final Reader reader = new Reader(cold, log, source);

        /** Reads until long runs are fetched ahead, then up to the first chunk that is held; the request that holds it is the first of the held ones. */
        private CompletableFuture<ColdRead> upTo(SimFault fault) {
            reader.read(40);
            cold.objects.inject(fault);
            CompletableFuture<ColdRead> next = reader.ask();
            cold.sim.settle();
            while (next.isDone() && !next.isCompletedExceptionally()) {
                reader.take(next.join());
                next = reader.ask();
                cold.sim.settle();
            }
            return next;
        }

        @Test
        void chunksAreReadAsSoonAsTheirOwnBytesHaveComeAlthoughTheRunGoesOn() {
            reader.read(40);
            long requested = fetchedLogBytes();
            SimFault hold = SimFault.holdingReplies().on(Operation.GET);
            CompletableFuture<ColdRead> stuck = upTo(hold);
            assertThat(stuck).isNotDone();
            assertThat((long) source.batchOf(reader.offset).position()).as("has read of runs that are still on their way").isGreaterThan(requested + 5 * CHUNK);
            hold.release();
            reader.take(cold.await(stuck));
            reader.read(20);
            cold.assertNothingHeld();
        }

        @Test
        void anOutageFailsWhoeverWaitsForAnyChunkOfItAndTheNextReadSucceeds() {
            CompletableFuture<ColdRead> failed = upTo(SimFault.outage().on(Operation.GET));
            assertThat(cold.failure(failed)).isInstanceOf(ColdStoreException.Unavailable.class);
            cold.objects.clearFaults();
            reader.read(20);
            cold.assertNothingHeld();
        }

        @Test
        void aBodyCutShortKeepsTheChunksBeforeTheCutAndTheOthersAreAskedForAgain() {
            reader.read(40);
            cold.objects.inject(SimFault.cuttingBody(1).on(Operation.GET));
            while (!reader.atEnd()) {
                reader.read(1);
            }
            assertThat(fetchedLogBytes() - source.logSizeBytes()).as("fetched twice, of a run of 16").isBetween(1L, 9L * CHUNK);
            cold.assertNothingHeld();
        }

        @Test
        void aReadThatWaitsForChunksBehindTheCutFailsAndItsRepetitionFetchesNoneTwice() {
            cold.await(log.epochAt(0));
            long from = reader.beyondTheFirstBatch().offset;
            long before = fetchedLogBytes();
            cold.objects.inject(SimFault.cuttingBody(1).on(Operation.GET));
            assertThat(cold.failure(log.read(from, 8 * CHUNK, Long.MAX_VALUE, true))).isInstanceOf(ColdStoreException.Unavailable.class);
            long first = fetchedLogBytes() - before;
            ColdRead read = cold.await(log.read(from, 8 * CHUNK, Long.MAX_VALUE, true));
            assertThat(ColdFixture.bytes(read)).isEqualTo(source.bytes(from, read.upperBoundOffset()));
            assertThat(fetchedLogBytes() - before - first).as("those behind the cut").isBetween(first / 2, first / 2 + CHUNK);
            read.release();
            cold.assertNothingHeld();
        }

        @Test
        void aDamagedChunkAloneIsAskedForOnceMore() {
            SimFault hold = SimFault.holdingRequests().on(Operation.GET);
            reader.read(40);
            CompletableFuture<ColdRead> stuck = upTo(hold);
            long rotten = (source.batchOf(reader.offset).position() / CHUNK + 3) * CHUNK + 7;
            cold.objects.flipBit(object.key(), rotten);
            hold.release();
            while (cold.count("firn.cold.chunk.corrupt") == 0 && cold.sim.step()) {
                // until it has arrived
            }
            cold.objects.flipBit(object.key(), rotten);
            reader.take(cold.await(stuck));
            while (!reader.atEnd()) {
                reader.read(1);
            }
            assertThat(cold.count("firn.cold.chunk.corrupt")).isEqualTo(1);
            assertThat(fetchedLogBytes()).isEqualTo(source.logSizeBytes() + CHUNK);
            cold.assertNothingHeld();
        }

        @Test
        void aChunkThatStaysDamagedIsCorruptForWhoeverWantsItAndItsNeighboursAreServed() {
            cold.objects.flipBit(object.key(), 100 * CHUNK + 7);
            int served = 0;
            CompletableFuture<ColdRead> next = reader.ask();
            for (cold.sim.settle(); !next.isCompletedExceptionally(); cold.sim.settle()) {
                reader.take(next.join());
                next = reader.ask();
                served++;
            }
            assertThat(cold.failure(next)).isInstanceOf(ColdStoreException.Corrupt.class);
            assertThat((long) source.batchOf(reader.offset).position()).as("up to the chunk").isGreaterThan(98 * CHUNK);
            assertThat(served).isPositive();
            reader.offset = source.batches().stream().filter(batch -> batch.position() >= 101 * CHUNK).findFirst().orElseThrow().baseOffset();
            reader.read(20);
            cold.assertNothingHeld();
        }

        /** Of the log, once its indexes have been fetched. */
        private long fetchedLogBytes() {
            return (long) cold.count("firn.cold.fetched.bytes") - (object.objectSizeBytes() - object.logSizeBytes());
        }

        @Test
        void aStoreThatIsSilentInTheMiddleOfItFailsTheReadAtItsDeadlineAndWhatComesLateIsUsed() {
            SimFault hold = SimFault.holdingReplies().on(Operation.GET);
            CompletableFuture<ColdRead> stuck = upTo(hold);
            cold.sim.pass(3_000);
            assertThat(cold.failure(stuck)).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("3000 ms");
            hold.release();
            cold.sim.settle();
            int gets = cold.objects.requests(Operation.GET);
            reader.read(1);
            assertThat(cold.objects.requests(Operation.GET)).as("the late chunk is used").isEqualTo(gets);
            cold.assertNothingHeld();
        }

        @Test
        void aSequenceThatIsGivenUpTakesItsQueuedRunsAlong() {
            SimFault hold = SimFault.holdingRequests().on(Operation.GET);
            CompletableFuture<ColdRead> stuck = upTo(hold);
            int sent = cold.objects.requests(Operation.GET);
            int unread = cold.inUse().unreadUnits();
            assertThat(unread).isGreaterThan(24);
            cold.sim.pass(3_000);
            assertThat(cold.failure(stuck)).isInstanceOf(ColdStoreException.Unavailable.class);
            assertThat(cold.inUse().unreadUnits()).isZero();
            hold.release();
            cold.sim.settle();
            assertThat(cold.objects.requests(Operation.GET)).as("none of what was queued").isEqualTo(sent);
            reader.read(20);
            cold.assertNothingHeld();
        }

        @Test
        void oneRequestAChunkHoweverManyReadersGoThroughIt() {
            List<Reader> readers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                readers.add(new Reader(cold, log, source));
            }
            while (!readers.get(0).atEnd() || !readers.get(4).atEnd()) {
                for (Reader one : readers) {
                    for (int i = random.nextInt(3); i > 0 && !one.atEnd(); i--) {
                        one.take(cold.await(one.ask()));
                    }
                }
            }
            assertThat(cold.count("firn.cold.fetched.bytes") / object.logSizeBytes()).isLessThan(1.1);
            cold.assertNothingHeld();
        }
    }
}
