package io.firn.cold.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What is fetched ahead stands back behind what a read waits for, and is brought forward by it; and no more bytes are on their way than may be kept. */
class DecodedCacheTest {

    private final SimThreads sim = new SimThreads();
    private final SimObjectStore objects = new SimObjectStore(sim, sim);
    private final FetchQueue fetches = new FetchQueue(2);
    private final DecodedCache<Byte> cache = new DecodedCache<>(new RangedGets(objects, sim.threads().work(), new ColdMeters(new SimpleMeterRegistry())), sim.threads(), fetches, 100, value -> 1, () -> {});

    @BeforeEach
    void fillTheBucket() {
        for (byte i = 0; i < 5; i++) {
            sim.await(objects.putIfAbsent("k" + i, ByteBuffer.wrap(new byte[] {i})));
        }
    }

    private static DecodedCache.Source<Byte> source(int number) {
        return new DecodedCache.Source<>("k" + number, 0, 1, bytes -> bytes.get(0));
    }

    @Test
    void oneThatSomebodyWaitsForGoesBeforeThoseFetchedAheadWhetherItIsNewOrOneOfThem() {
        SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
        cache.ahead(source(0), "reader", () -> true);
        CompletableFuture<Byte> queued = cache.ahead(source(1), "reader", () -> true);
        cache.ahead(source(2), "reader", () -> true);
        sim.settle();
        assertThat(hold.heldCount()).as("read-ahead leaves a place").isOne();
        CompletableFuture<Byte> waited = cache.get(source(1), Optional.empty());
        sim.settle();
        assertThat(hold.heldCount()).isEqualTo(2);
        assertThat(objects.requests(Operation.GET)).isEqualTo(2);
        hold.release();
        assertThat(sim.await(waited)).isEqualTo((byte) 1);
        assertThat(queued).isCompletedWithValue((byte) 1);
        sim.settle();
        assertThat(objects.requests(Operation.GET)).as("one each").isEqualTo(3);
        assertThat(cache.ahead(source(2), "reader", () -> true)).isCompletedWithValue((byte) 2);
        assertThat(fetches.inFlight()).isZero();
    }

    @Test
    void oneThatIsDamagedOnTheWayIsFetchedOnceMoreAlsoAhead() {
        int[] times = {0};
        DecodedCache.Source<Byte> damaged = new DecodedCache.Source<>("k3", 0, 1, bytes -> {
            if (times[0]++ == 0) {
                throw new ColdStoreException.Corrupt("by the test", null);
            }
            return bytes.get(0);
        });
        assertThat(sim.await(cache.ahead(damaged, "reader", () -> true))).isEqualTo((byte) 3);
        assertThat(times[0]).isEqualTo(2);
    }

    @Test
    void oneThatFailsAheadFailsForWhoeverJoinedAndIsAskedForAnew() {
        objects.inject(SimFault.failing(1).on(Operation.GET));
        CompletableFuture<Byte> ahead = cache.ahead(source(4), "reader", () -> true);
        CompletableFuture<Byte> joined = cache.get(source(4), Optional.empty());
        sim.settle();
        assertThat(ahead).isCompletedExceptionally();
        assertThat(joined).isCompletedExceptionally();
        assertThat(sim.await(cache.get(source(4), Optional.empty()))).isEqualTo((byte) 4);
    }

    /** Objects of 40 bytes, of which 100 may be on their way, by as many requests as there are. */
    @Nested
    class OnTheHeap {
        private final FetchQueue many = new FetchQueue(64);
        private final DecodedCache<Byte> bounded =
                new DecodedCache<>(new RangedGets(objects, sim.threads().work(), new ColdMeters(new SimpleMeterRegistry())), sim.threads(), many, 100, value -> 1, () -> {});

        private DecodedCache.Source<Byte> large(int number, int sizeBytes) {
            sim.await(objects.putIfAbsent("large" + number, ByteBuffer.wrap(new byte[sizeBytes]).put(0, (byte) number)));
            return new DecodedCache.Source<>("large" + number, 0, sizeBytes, bytes -> bytes.get(0));
        }

        @Test
        void noMoreIsOnItsWayThanMayBeKeptAndTheNextWaitsForItsTurn() {
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            List<CompletableFuture<Byte>> asked = IntStream.range(0, 6).mapToObj(i -> bounded.get(large(i, 40), Optional.empty())).toList();
            sim.settle();
            assertThat(hold.heldCount()).isEqualTo(2);
            assertThat(many.inFlight()).as("those that wait for memory take no place").isEqualTo(2);
            hold.release();
            for (int i = 0; i < 6; i++) {
                assertThat(sim.await(asked.get(i))).isEqualTo((byte) i);
            }
        }

        @Test
        void whatIsFetchedAheadHasHalfOfItAndOneThatComesToBeWaitedForGoesBeforeTheOthers() {
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            List<CompletableFuture<Byte>> ahead = IntStream.range(0, 3).mapToObj(i -> bounded.ahead(large(i, 40), "reader", () -> true)).toList();
            sim.settle();
            assertThat(hold.heldCount()).isOne();
            bounded.get(large(2, 40), Optional.empty());
            sim.settle();
            assertThat(hold.heldCount()).isEqualTo(2);
            hold.release();
            assertThat(sim.await(ahead.get(2))).isEqualTo((byte) 2);
            assertThat(sim.await(ahead.get(1))).isEqualTo((byte) 1);
            assertThat(many.inFlight()).isZero();
        }

        @Test
        void oneThatIsLargerThanAllOfItGoesAlone() {
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            CompletableFuture<Byte> small = bounded.get(large(0, 40), Optional.empty());
            CompletableFuture<Byte> huge = bounded.get(large(1, 400), Optional.empty());
            sim.settle();
            assertThat(hold.heldCount()).isOne();
            hold.release();
            assertThat(sim.await(small)).isZero();
            assertThat(sim.await(huge)).isEqualTo((byte) 1);
            assertThat(sim.await(bounded.ahead(large(2, 400), "reader", () -> true))).isEqualTo((byte) 2);
        }

        /** Requests that are made ahead come last: behind those a read might wait for all others. */
        @Test
        void aReadWaitsForNothingThatIsFetchedAheadHoweverLargeBothAre() {
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            bounded.ahead(large(0, 40), "reader", () -> true);
            CompletableFuture<Byte> large = bounded.get(large(1, 90), Optional.empty());
            bounded.get(large(2, 10), Optional.empty());
            sim.settle();
            assertThat(hold.heldCount()).as("of 100; what is waited for waits for such").isEqualTo(2);
            hold.release();
            assertThat(sim.await(large)).isEqualTo((byte) 1);
        }

        @Test
        void oneThatIsLargerThanWhatIsFetchedAheadMayHaveGoesAloneAlsoWhenItComesToBeWaitedFor() {
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            List<CompletableFuture<Byte>> ahead = IntStream.range(0, 3).mapToObj(i -> bounded.ahead(large(i, 60 + 100 * i), "reader", () -> true)).toList();
            sim.settle();
            assertThat(hold.heldCount()).isOne();
            bounded.get(large(0, 60), Optional.empty());
            sim.settle();
            assertThat(hold.heldCount()).as("it takes what it takes").isOne();
            hold.release();
            assertThat(sim.await(ahead.get(2))).isEqualTo((byte) 2);
        }

        @Test
        void whatNobodyReadsOnToAnyMoreIsNotFetchedWhenItsTurnComes() {
            boolean[] followed = {true};
            SimFault hold = objects.inject(SimFault.holdingReplies().on(Operation.GET));
            List<CompletableFuture<Byte>> ahead = IntStream.range(0, 3).mapToObj(i -> bounded.ahead(large(i, 40), "reader", () -> followed[0])).toList();
            CompletableFuture<Byte> ofTwo = bounded.ahead(large(2, 40), "another", () -> true);
            followed[0] = false;
            hold.release();
            sim.settle();
            assertThat(ahead.get(0)).as("it was on its way").isCompletedWithValue((byte) 0);
            assertThat(ahead.get(1)).isCompletedExceptionally();
            assertThat(ofTwo).isCompletedWithValue((byte) 2);
            assertThat(objects.requests(Operation.GET)).isEqualTo(2);
            assertThat(sim.await(bounded.get(large(1, 40), Optional.empty()))).as("whoever wants it later gets it").isEqualTo((byte) 1);
        }

        @Test
        void whatFailsLeavesItsMemoryToTheNext() {
            objects.inject(SimFault.failing(2).on(Operation.GET));
            List<CompletableFuture<Byte>> asked = IntStream.range(0, 4).mapToObj(i -> bounded.get(large(i, 90), Optional.empty())).toList();
            sim.settle();
            assertThat(asked.stream().filter(CompletableFuture::isCompletedExceptionally)).hasSize(2);
            assertThat(asked).allMatch(CompletableFuture::isDone);
        }
    }
}
