package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The first read of who begins where a segment does: its indexes, its chunks and what follows are asked for at once, in this order. */
class ColdReadStartTest {

    private static final int INDEXES = 1;
    private static final int OWN = 1;
    private static final int AHEAD = 4;

    private final Random random = new Random(7);
    private final ColdFixture cold = new ColdFixture(new ColdStoreConfig("firn", "cluster-a", CHUNK, 64L * CHUNK, 32, 16L * CHUNK, 2, 1_000, 3, 60_000, false));
    private final ColdLog log = cold.log(1);
    private long written;
    /** GETs by which what was written has been read back. */
    private int before;

    private SegmentFixture segment(int chunks) {
        SegmentFixture segment = new SegmentFixture(written, 1);
        while (segment.logSizeBytes() < (long) (chunks - 1) * CHUNK + CHUNK / 2) {
            segment.batch(random, Compression.NONE, 1, 20_000);
        }
        written = segment.nextOffset();
        return segment;
    }

    private SegmentFixture appended(int chunks) {
        SegmentFixture segment = segment(chunks);
        cold.await(log.append(segment));
        before = cold.objects.requests(Operation.GET);
        return segment;
    }

    private CompletableFuture<ColdRead> ask(long offset) {
        return log.read(offset, CHUNK, Long.MAX_VALUE, true);
    }

    /** Checks a read; where the next one begins. */
    private long take(SegmentFixture source, ColdRead read) {
        assertThat(ColdFixture.bytes(read)).isEqualTo(source.bytes(read.baseOffset(), read.upperBoundOffset()));
        read.release();
        cold.sim.settle();
        return read.upperBoundOffset();
    }

    private void readToTheEnd(SegmentFixture source, long from) {
        for (long offset = from; offset < source.nextOffset(); ) {
            offset = take(source, cold.await(ask(offset)));
        }
    }

    private int gets() {
        return cold.objects.requests(Operation.GET) - before;
    }

    /** Of GETs, the one with this number, 0 first. */
    private static Predicate<String> numbered(int number) {
        int[] seen = {0};
        return key -> seen[0]++ == number;
    }

    /** Holds the reply to the first GET there is. */
    private SimFault lateIndexes() {
        return cold.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(numbered(0)));
    }

    @Test
    void allOfItIsOnItsWayBeforeAnythingHasCome() {
        SegmentFixture source = appended(20);
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> first = ask(0);
        cold.sim.settle();
        assertThat(hold.heldCount()).isEqualTo(INDEXES + OWN + AHEAD);
        hold.release();
        long offset = take(source, cold.await(first));
        SimFault next = cold.objects.inject(SimFault.holdingReplies().on(Operation.GET));
        while (offset < source.batches().get(source.batches().size() / 6).baseOffset()) {
            offset = take(source, cold.await(ask(offset))); // out of what came with the first read
        }
        next.release();
        readToTheEnd(source, offset);
        assertThat(cold.count("firn.cold.fetched.bytes")).as("nothing twice").isEqualTo(cold.count("firn.cold.delivered.bytes") + tailBytes());
        cold.assertNothingHeld();
    }

    private double tailBytes() {
        ColdSegment only = cold.segments(log).get(0);
        return only.objectSizeBytes() - only.logSizeBytes();
    }

    @Test
    void whoBeginsElsewhereWaitsForTheIndexes() {
        SegmentFixture source = appended(20);
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> read = ask(source.batches().get(1).baseOffset());
        cold.sim.settle();
        assertThat(hold.heldCount()).isEqualTo(INDEXES);
        hold.release();
        take(source, cold.await(read));
        assertThat(cold.count("firn.cold.chunk.ahead")).isZero();
    }

    @Test
    void nothingIsAskedOfTheSegmentsBehind() {
        appended(2);
        appended(2);
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> read = ask(0);
        cold.sim.settle();
        assertThat(hold.heldCount()).as("indexes, and its two chunks").isEqualTo(3);
        hold.release();
        cold.await(read).release();
        cold.sim.settle();
        assertThat(gets()).isEqualTo(3);
    }

    @Test
    void withIndexesThatAreKnownOnlyTheChunksAreAskedFor() {
        SegmentFixture source = appended(20);
        take(source, cold.await(ask(source.batches().get(source.batches().size() / 2).baseOffset())));
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> read = ask(0);
        cold.sim.settle();
        assertThat(hold.heldCount()).isEqualTo(OWN + AHEAD);
        hold.release();
        readToTheEnd(source, take(source, cold.await(read)));
    }

    @Test
    void chunksThatComeBeforeTheIndexesAreGivenToNobodyUntilTheyAreCompared() {
        SegmentFixture source = appended(20);
        SimFault late = lateIndexes();
        CompletableFuture<ColdRead> read = ask(0);
        CompletableFuture<ColdRead> joined = ask(0);
        cold.sim.settle();
        assertThat(gets()).isEqualTo(INDEXES + OWN + AHEAD);
        assertThat(read).isNotDone();
        assertThat(joined).isNotDone();
        late.release();
        take(source, cold.await(read));
        readToTheEnd(source, take(source, cold.await(joined)));
        cold.assertNothingHeld();
    }

    @Test
    void aChunkThatIsDamagedOnItsWayBeforeTheIndexesComeIsAskedForOnceMore() {
        SegmentFixture source = appended(20);
        String key = cold.segments(log).get(0).key();
        SimFault late = lateIndexes();
        cold.objects.flipBit(key, 77);
        CompletableFuture<ColdRead> read = ask(0);
        cold.sim.settle();
        cold.objects.flipBit(key, 77);
        int asked = gets();
        late.release();
        take(source, cold.await(read));
        assertThat(gets() - asked).isOne();
        assertThat(cold.count("firn.cold.chunk.corrupt")).isOne();
    }

    @Test
    void indexesThatStayDamagedAreCorruptAndNoChunkIsAskedForAgain() {
        SegmentFixture source = appended(20);
        ColdSegment only = cold.segments(log).get(0);
        cold.objects.flipBit(only.key(), only.objectSizeBytes() - 9);
        assertThat(cold.failure(ask(0))).isInstanceOf(ColdStoreException.Corrupt.class);
        cold.sim.settle();
        assertThat(gets()).as("the indexes twice").isEqualTo(2 * INDEXES + OWN + AHEAD);
        assertThat(cold.count("firn.cold.chunk.corrupt")).as("they are not to blame").isZero();
        cold.assertNothingHeld();
        cold.objects.flipBit(only.key(), only.objectSizeBytes() - 9);
        readToTheEnd(source, 0);
        cold.assertNothingHeld();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5})
    void ofTheRequestsOnlyThoseForTheIndexesAndItsOwnChunkFailTheRead(int failing) {
        SegmentFixture source = appended(20);
        cold.objects.inject(SimFault.failing(1).on(Operation.GET).forKeys(numbered(failing)));
        CompletableFuture<ColdRead> read = ask(0);
        if (failing < INDEXES + OWN) {
            assertThat(cold.failure(read)).isInstanceOf(ColdStoreException.Unavailable.class);
        } else {
            take(source, cold.await(read));
        }
        assertThat(gets()).isEqualTo(INDEXES + OWN + AHEAD);
        cold.assertNothingHeld();
        cold.objects.clearFaults();
        readToTheEnd(source, 0);
        cold.assertNothingHeld();
    }

    @Test
    void indexesThatFailWhileChunksAreLateFailTheirReadAndNoFurtherOne() {
        SegmentFixture source = appended(20);
        cold.objects.inject(SimFault.failing(1).on(Operation.GET).forKeys(numbered(0)));
        SimFault late = cold.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(numbered(1))); // of those that do not fail: the first one ahead
        assertThat(cold.failure(ask(0))).isInstanceOf(ColdStoreException.Unavailable.class);
        long offset = take(source, cold.await(ask(0)));
        CompletableFuture<ColdRead> next = ask(offset);
        cold.sim.settle();
        late.release();
        readToTheEnd(source, take(source, cold.await(next)));
        cold.assertNothingHeld();
    }

    @Test
    void whatIsFetchedAheadOfALargeReadIsWhatTheNextOneAsksFor() {
        SegmentFixture source = appended(60);
        ColdRead large = cold.await(log.read(0, 50 * CHUNK, Long.MAX_VALUE, true));
        assertThat(large.sizeBytes()).as("what one read may hold").isLessThan(20 * CHUNK);
        long offset = take(source, large);
        SimFault held = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdRead> next = ask(offset);
        cold.sim.settle();
        assertThat(next).isDone();
        held.release();
        readToTheEnd(source, take(source, cold.await(next)));
    }

    @Test
    void indexesThatDoNotComeFailTheReadAtItsDeadlineAndWhatComesLateIsUsed() {
        SegmentFixture source = appended(20);
        SimFault late = lateIndexes();
        CompletableFuture<ColdRead> stuck = ask(0);
        cold.sim.pass(2_999);
        assertThat(stuck).isNotDone();
        cold.sim.pass(1);
        assertThat(cold.failure(stuck)).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("3000 ms");
        assertThat(cold.inUse().unreadUnits()).as("nobody follows").isZero();
        late.release();
        cold.sim.settle();
        int asked = gets();
        take(source, cold.await(ask(0)));
        assertThat(gets()).isEqualTo(asked);
        cold.assertNothingHeld();
    }

    /** A bucket may hold what was written under another setting: the chunks asked for are not those there are. */
    @ParameterizedTest
    @ValueSource(ints = {2 * CHUNK, 5 * CHUNK})
    void aSegmentOfOtherChunksThanExpectedIsReadByThoseItHas(int otherBytes) {
        ColdStoreConfig other = new ColdStoreConfig("firn", "cluster-a", otherBytes, 64L * 5 * CHUNK, 32, 0, 2, 1_000, 3, 60_000, false);
        ColdStore writer = ColdStore.open(other, cold.objects, cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3));
        ColdLog elsewhere = cold.await(writer.openLog(ColdFixture.PARTITION, 2));
        List<SegmentFixture> sources = new ArrayList<>();
        for (int chunks : new int[] {1, 3, 20}) {
            sources.add(segment(chunks));
            cold.await(elsewhere.append(sources.get(sources.size() - 1)));
        }
        ColdLog reading = cold.log(3);
        for (SegmentFixture source : sources) {
            List<CompletableFuture<ColdRead>> asked = new ArrayList<>();
            for (int i = 0; i < 2; i++) { // as many as may hold chunks at once
                asked.add(reading.read(source.baseOffset(), CHUNK, Long.MAX_VALUE, true));
                if (i == 0) {
                    asked.add(reading.read(source.batches().get(1).baseOffset(), CHUNK, Long.MAX_VALUE, true));
                }
            }
            asked.forEach(read -> take(source, cold.await(read)));
            for (long offset = source.baseOffset(); offset < source.nextOffset(); ) {
                offset = take(source, cold.await(reading.read(offset, CHUNK, Long.MAX_VALUE, true)));
            }
            cold.assertNothingHeld();
        }
        assertThat(cold.count("firn.cold.chunk.corrupt")).isZero();
    }
}
