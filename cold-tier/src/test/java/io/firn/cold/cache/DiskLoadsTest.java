package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.DiskLoads.Outcome;
import io.firn.cold.segment.Checksums;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class DiskLoadsTest {

    private static final int CHUNK = 8 << 10;
    private static final int CHUNKS = 32;

    private final SimThreads sim = new SimThreads();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @Nested
    class Turns {
        private final List<Integer> begun = new ArrayList<>();
        private final ArrayDeque<Consumer<Boolean>> disk = new ArrayDeque<>();
        private final Map<Integer, Outcome> ended = new LinkedHashMap<>();
        private boolean there = true;
        private final DiskLoads loads = new DiskLoads(sim, sim, new ColdMeters(meters), (address, target, then) -> {
            if (there) {
                begun.add(address.index());
                disk.add(then);
            }
            return there;
        });

        @Test
        void whatAReadWaitsForGoesBeforeWhatIsReadAheadAlsoWhenItBeginsToWaitLater() {
            for (int i = 0; i < 6; i++) {
                offer(i, false);
            }
            assertThat(begun).hasSize(DiskLoads.AT_ONCE);
            offer(10, true);
            loads.promote(address(5));
            answerAll();
            assertThat(begun).containsExactly(0, 1, 2, 10, 5, 3, 4);
            assertThat(ended).hasSize(7).containsValue(Outcome.SOUND).doesNotContainValue(Outcome.NONE);
        }

        @Test
        void whatHasNotBegunInTimeIsAskedOfTheStoreAndNeverBegins() {
            for (int i = 0; i < 5; i++) {
                offer(i, i == 4);
            }
            sim.pass(DiskLoads.WAIT_MS);
            assertThat(ended).isEqualTo(Map.of(3, Outcome.NONE, 4, Outcome.NONE));
            answerAll();
            assertThat(begun).containsExactly(0, 1, 2);
            assertThat(count("late")).isEqualTo(2);
        }

        @Test
        void whatWouldNotBeginInTimeIsRefusedAtOnceReadAheadSoonerAndTakenAgainWhenTheDiskIsFaster() {
            for (int i = 0; i < 100; i++) {
                offer(i, true);
                sim.pass(50);
                answerAll();
            }
            int taken = 0;
            while (offer(1_000 + taken, false)) {
                taken++;
            }
            assertThat(taken).as("three begin, and three every 50 ms").isEqualTo(DiskLoads.AT_ONCE * (int) (1 + DiskLoads.WAIT_MS / 50));
            assertThat(offer(2_000, true)).as("goes before them").isTrue();
            assertThat(count("late")).isEqualTo(1);
            for (int i = 0; i < 100; i++) {
                answerAll();
                offer(3_000 + i, true);
            }
            for (int i = 0; i < 10 * taken; i++) {
                assertThat(offer(4_000 + i, false)).isTrue();
            }
        }

        @Test
        void ofADiskSoSlowThatNobodyMayWaitAsMuchIsAskedAsItDoesAtATime() {
            for (int i = 0; i < 20; i++) {
                offer(i, true);
                sim.pass(DiskLoads.ANSWER_MS - 1);
                answerAll();
            }
            for (int i = 0; i < DiskLoads.AT_ONCE; i++) {
                assertThat(offer(100 + i, true)).isTrue();
            }
            assertThat(offer(200, true)).isFalse();
        }

        @Test
        void whoComesWhenTooManyWaitIsRefusedReadAheadSooner() {
            int all = DiskLoads.AT_ONCE;
            for (int i = 0; i < DiskLoads.AT_ONCE + DiskLoads.WAITING / 2; i++) {
                assertThat(offer(all++, false)).isTrue();
            }
            assertThat(offer(all, false)).isFalse();
            for (int i = 0; i < DiskLoads.WAITING / 2; i++) {
                assertThat(offer(all++, true)).isTrue();
            }
            assertThat(offer(all, true)).isFalse();
            assertThat(count("late")).isEqualTo(2);
        }

        @Test
        void aDiskThatDoesNotAnswerIsWaitedForOnceAndUsedAgainWhenItHas() {
            offer(0, true);
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(ended).isEqualTo(Map.of(0, Outcome.LATE));
            assertThat(offer(1, true)).isFalse();
            answerAll();
            assertThat(ended).as("ended once").hasSize(1);
            assertThat(offer(2, true)).isTrue();
            answerAll();
            assertThat(ended).containsEntry(2, Outcome.SOUND);
        }

        @Test
        void whatHasLeftTheDiskWhileItWaitedIsAskedOfTheStore() {
            for (int i = 0; i < 5; i++) {
                offer(i, true);
            }
            there = false;
            answerAll();
            assertThat(ended).containsEntry(2, Outcome.SOUND).containsEntry(3, Outcome.NONE).containsEntry(4, Outcome.NONE);
        }

        private boolean offer(int chunk, boolean wanted) {
            return loads.offer(address(chunk), ByteBuffer.allocate(0), wanted, outcome -> assertThat(ended.put(chunk, outcome)).isNull());
        }

        private void answerAll() {
            while (!disk.isEmpty()) {
                disk.remove().accept(true);
            }
            sim.pass(10 * DiskLoads.ANSWER_MS);
        }

        private ChunkAddress address(int chunk) {
            return ChunkAddresses.of("object", CHUNK, chunk, CHUNK, 0);
        }
    }

    /** Through the chunk cache, with eight buffers. */
    @Nested
    class Hanging {
        private final SimDiskThreads diskThreads = new SimDiskThreads(sim);
        private final SimObjectStore objects = new SimObjectStore(sim, sim);
        private final byte[] object = object();
        private int memory = Integer.MAX_VALUE;
        private final BufferPool pool = new BufferPool(CHUNK, 8, sim, bytes -> {
            if (memory-- <= 0) {
                throw new OutOfMemoryError("by the test");
            }
            return ByteBuffer.allocate(bytes);
        });
        private final ColdThreads threads = new ColdThreads(sim, sim, diskThreads, sim, () -> {});
        private final ColdMeters coldMeters = new ColdMeters(meters);
        private final DiskCache disk = DiskCache.open(new SimRegions(), new DiskLimits(2L * CHUNKS * CHUNK, CHUNK, 0, 0), sim, threads, coldMeters);
        private final ChunkCache cache = cache(pool);

        private ChunkCache cache(BufferPool pool) {
            objects.putIfAbsent("object", ByteBuffer.wrap(object));
            sim.settle();
            return new ChunkCache(new RangedGets(objects, sim, coldMeters), threads, coldMeters, pool, new FetchQueue(4), disk);
        }

        @Test
        void aReadWhoseChunkIsOnADiskThatHangsGetsItFromTheStore() {
            fill();
            diskThreads.hang();
            double before = requests();
            CompletableFuture<Chunk> first = acquire(0);
            sim.pass(DiskLoads.ANSWER_MS - 1);
            assertThat(first).isNotDone();
            CompletableFuture<Chunk> joined = acquire(0);
            sim.pass(1);
            assertBytes(first, 0);
            assertBytes(joined, 0);
            CompletableFuture<Chunk> second = acquire(1);
            sim.settle();
            assertBytes(second, 1);
            assertThat(requests()).isEqualTo(before + 2);
        }

        @Test
        void whatTheDiskReadsWhenItAnswersAtLastIsNoOtherChunksMemory() {
            fill();
            diskThreads.hang();
            acquire(0);
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(diskThreads.hung()).isEqualTo(1);
            release(0);
            List<CompletableFuture<Chunk>> others = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                others.add(acquire(1 + i));
                sim.settle();
            }
            diskThreads.answer();
            sim.settle();
            for (int i = 0; i < 8; i++) {
                assertBytes(others.get(i), 1 + i);
            }
            assertThat(pool.usedUnits()).isEqualTo(8);
        }

        @Test
        void afterItHasAnsweredTheDiskIsReadAgain() {
            fill();
            diskThreads.hang();
            acquire(0);
            sim.pass(DiskLoads.ANSWER_MS);
            diskThreads.answer();
            sim.settle();
            double before = requests();
            CompletableFuture<Chunk> next = acquire(1);
            sim.settle();
            assertBytes(next, 1);
            assertThat(requests()).isEqualTo(before);
        }

        @Test
        void whatIsReadAheadFromADiskThatHangsComesFromTheStoreToo() {
            fill();
            diskThreads.hang();
            assertThat(cache.ahead(List.of(address(0)), "sequence", CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(cache.unreadUnits()).isEqualTo(1);
            CompletableFuture<Chunk> read = acquire(0);
            assertBytes(read, 0);
        }

        @Test
        void whatASlowDiskDoesNotComeToComesFromTheStoreByOneRequestNotByOneEach() {
            fill();
            diskThreads.slow(40);
            for (int i = 0; i < CHUNKS; i++) {
                acquire(i);
                sim.pass(40);
                release(i);
            }
            double before = requests();
            double hits = count("hits");
            ChunkCache large = cache(new BufferPool(CHUNK, 8 * CHUNKS, sim, ByteBuffer::allocate));
            assertThat(large.ahead(addresses(0, CHUNKS), "sequence", CHUNKS * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            assertThat(large.unreadUnits()).isEqualTo(CHUNKS);
            sim.pass(10 * DiskLoads.WAIT_MS);
            assertThat(requests()).as("as many as without a disk").isEqualTo(before + 1);
            assertThat(count("hits") - hits).as("what the disk gives in the time").isBetween(15.0, 21.0);
            for (int i = 0; i < CHUNKS; i++) {
                assertBytes(large.acquire(List.of(address(i)), "reader").get(0), i);
            }
        }

        @Test
        void aReadAndWhatAReadComesToWaitForGoBeforeWhatIsReadAhead() {
            fill();
            diskThreads.hang();
            ChunkCache large = cache(new BufferPool(CHUNK, 8 * CHUNKS, sim, ByteBuffer::allocate));
            assertThat(large.ahead(addresses(0, 6), "sequence", 6 * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            CompletableFuture<Chunk> read = large.acquire(addresses(10, 11), "reader").get(0);
            CompletableFuture<Chunk> joined = large.acquire(addresses(5, 6), "reader").get(0);
            sim.settle();
            diskThreads.answer(DiskLoads.AT_ONCE);
            sim.settle();
            diskThreads.answer(2);
            sim.settle();
            assertBytes(read, 10);
            assertBytes(joined, 5);
            assertThat(diskThreads.hung()).as("the rest of what is read ahead").isEqualTo(2);
        }

        @Test
        void whatWasReadAheadForASequenceThatIsGivenUpIsNotAskedOfTheStoreAndItsMemoryIsFree() {
            fill();
            diskThreads.hang();
            BufferPool room = new BufferPool(CHUNK, 8 * CHUNKS, sim, ByteBuffer::allocate);
            ChunkCache large = cache(room);
            assertThat(large.ahead(addresses(0, 5), "sequence", 5 * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            double before = requests();
            large.abandon("sequence");
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(requests()).isEqualTo(before);
            assertThat(addresses(0, 5)).noneMatch(large::holds);
            assertThat(room.usedUnits()).isZero();
        }

        @Test
        void aReadGetsTheMemoryOfWhatNobodyHasReadYetInPlaceOfWhatTheDiskKeeps() {
            fill();
            for (int i = 1; i <= 3; i += 2) {
                assertThat(cache.ahead(addresses(i, i + 2), "sequence" + i, 2 * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
                sim.settle();
            }
            addresses(CHUNKS - 8, CHUNKS).stream().filter(cache::holds).forEach(address -> acquire(address.index()));
            diskThreads.hang();
            CompletableFuture<Chunk> read = acquire(0);
            int unread = cache.unreadUnits();
            memory = 0;
            sim.pass(DiskLoads.ANSWER_MS);
            assertBytes(read, 0);
            assertThat(cache.unreadUnits()).isEqualTo(unread - 1);
        }

        @Test
        void ifThereIsNoMemoryInPlaceOfWhatWasReadAheadItIsNoLongerOnItsWay() {
            fill();
            diskThreads.hang();
            assertThat(cache.ahead(addresses(0, 1), "sequence", CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            for (int i = CHUNKS - 7; i < CHUNKS; i++) {
                acquire(i);
            }
            memory = 0;
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(cache.holds(address(0))).isFalse();
            assertThat(cache.unreadUnits()).isZero();
            for (int i = CHUNKS - 7; i < CHUNKS; i++) {
                release(i);
            }
            assertThat(cache.ahead(addresses(1, 2), "sequence", 2 * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            assertThat(cache.ahead(addresses(2, 3), "sequence", 2 * CHUNK)).isEqualTo(ChunkCache.Ahead.REQUESTED);
            assertThat(addresses(1, 3)).as("all that may be on its way").allMatch(cache::holds);
        }

        @Test
        void ifThereIsNoMemoryInPlaceOfWhatTheDiskKeepsTheReadFailsAndNothingIsHeld() {
            fill();
            for (int i = 1; i < 8; i++) {
                acquire(i);
                sim.settle();
            }
            diskThreads.hang();
            CompletableFuture<Chunk> read = acquire(0);
            memory = 0;
            sim.pass(DiskLoads.ANSWER_MS);
            assertThatThrownBy(read::join).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
            assertThat(cache.holds(address(0))).isFalse();
            assertThat(pool.usedUnits()).isEqualTo(7);
            for (int i = 1; i < 8; i++) {
                release(i);
            }
            diskThreads.answer();
            read = acquire(0);
            sim.settle();
            assertBytes(read, 0);
        }

        @Test
        void aReadNeverWaitsForMemoryThatWaitsToBeWritten() {
            hangWhileSixAreToBeWritten();
            assertThat(cache.pins().takenUnits()).isEqualTo(cache.pins().capacityUnits());
            PinBudget.Ticket read = cache.pins().request(cache.pins().capacityUnits() - 1);
            assertThat(read.granted()).isCompleted();
            assertThat(count("dropped")).isEqualTo(5);
        }

        @Test
        void norForAWriteThatHangsAndWhatThatWritesIsNotRead() {
            hangWhileSixAreToBeWritten();
            PinBudget.Ticket all = cache.pins().request(cache.pins().capacityUnits());
            assertThat(all.granted()).isNotDone();
            sim.pass(DiskLoads.ANSWER_MS);
            assertThat(all.granted()).isCompleted();
            cache.pins().giveBack(all);
            for (int i = 10; i < 20; i++) {
                acquire(i);
                sim.settle();
                release(i);
            }
            diskThreads.answer();
            sim.settle();
            assertThat(count("writes")).as("its memory has had other chunks meanwhile").isZero();
            double before = requests();
            acquire(0);
            sim.settle();
            assertThat(requests()).isEqualTo(before + 1);
            assertThat(count("writes")).as("now").isEqualTo(1);
        }

        private void hangWhileSixAreToBeWritten() {
            for (int i = 0; i < CHUNKS; i++) {
                acquire(i);
                sim.settle();
                release(i);
            }
            diskThreads.hang();
            for (int i = 0; i < 6; i++) {
                acquire(i);
                sim.settle();
                release(i);
            }
            assertThat(count("writes")).isZero();
        }

        /** All chunks, twice: then they are on the disk, and the last ones in memory. */
        private void fill() {
            for (int i = 0; i < 2 * CHUNKS; i++) {
                acquire(i % CHUNKS);
                sim.settle();
                release(i % CHUNKS);
            }
            assertThat(count("writes")).isEqualTo(CHUNKS);
        }

        private CompletableFuture<Chunk> acquire(int chunk) {
            return cache.acquire(List.of(address(chunk)), "reader").get(0);
        }

        private void release(int chunk) {
            Chunk held = acquire(chunk).join();
            cache.unpin(held);
            cache.unpin(held); // as acquired before
        }

        private void assertBytes(CompletableFuture<Chunk> read, int chunk) {
            assertThat(read).isCompleted();
            assertThat(read.join().bytes()).isEqualTo(ByteBuffer.wrap(object, chunk * CHUNK, CHUNK));
        }

        private double requests() {
            return meters.get("firn.cold.gets").counter().count();
        }

        private byte[] object() {
            byte[] bytes = new byte[CHUNKS * CHUNK];
            new Random(1).nextBytes(bytes);
            return bytes;
        }

        private List<ChunkAddress> addresses(int from, int to) {
            return IntStream.range(from, to).mapToObj(this::address).toList();
        }

        private ChunkAddress address(int chunk) {
            return ChunkAddresses.of("object", CHUNK, chunk, CHUNK, Checksums.crc32c(ByteBuffer.wrap(object, chunk * CHUNK, CHUNK)));
        }
    }

    private double count(String what) {
        return meters.get("firn.cold.disk." + what).counter().count();
    }
}
