package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.cache.ChunkCache.Ahead;
import io.firn.cold.segment.Checksums;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What makes room for what. Of 16 chunks 11 may be pinned, 5 be on their way ahead of readers, 8 wait unread. */
class ChunkCacheTest {

    private static final int CHUNK = 1024;

    private final SimThreads sim = new SimThreads();
    private final SimObjectStore objects = new SimObjectStore(sim, sim);
    private final ColdMeters meters = new ColdMeters(new SimpleMeterRegistry());
    private final ChunkCache cache = new ChunkCache(new RangedGets(objects, sim.threads().work(), meters), sim.threads(), meters, new BufferPool(CHUNK, 16, sim), new FetchQueue(16),
            DiskCache.none(sim.threads(), meters));

    @BeforeEach
    void fillTheBucket() {
        sim.await(objects.putIfAbsent("o", ByteBuffer.allocate(64 * CHUNK)));
    }

    private static ChunkAddress address(int index) {
        return ChunkAddresses.of("o", CHUNK, index, CHUNK, Checksums.crc32c(ByteBuffer.allocate(CHUNK)));
    }

    /** The only chunk of a log of so many bytes, whose checksums are on their way. */
    private static ChunkAddress expected(int chunkBytes, CompletableFuture<int[]> checksums) {
        return new ChunkAddress("o", chunkBytes, 0, CHUNK, checksums);
    }

    private static List<ChunkAddress> chunks(int first, int count) {
        return IntStream.range(first, first + count).mapToObj(ChunkCacheTest::address).toList();
    }

    private List<Chunk> pinned(int first, int count) {
        List<CompletableFuture<Chunk>> asked = cache.acquire(chunks(first, count), "reader");
        assertThat(asked).hasSize(count);
        return asked.stream().map(sim::await).toList();
    }

    private Ahead ahead(int first, int count, Object sequence) {
        Ahead answer = cache.ahead(chunks(first, count), sequence, (count - 1) * CHUNK);
        cache.content(sequence);
        sim.settle();
        return answer;
    }

    @Test
    void nothingGoesForARunThatWouldBeTooShortInTheEnd() {
        pinned(0, 1).forEach(cache::unpin);
        pinned(10, 11);
        assertThat(ahead(30, 3, "other")).isEqualTo(Ahead.REQUESTED);

        assertThat(ahead(40, 5, "sequence")).as("one is free, and one could go").isEqualTo(Ahead.MEMORY_USED);
        assertThat(cache.holds(address(0))).isTrue();
        assertThat(ahead(40, 4, "sequence")).as("which is half of four").isEqualTo(Ahead.REQUESTED);
        assertThat(cache.holds(address(0))).isFalse();
        assertThat(cache.holds(address(41))).isTrue();
        assertThat(cache.holds(address(42))).isFalse();
        assertThat(cache.holds(address(30))).as("nobody has read it").isTrue();
    }

    @Test
    void whoExpectsChunksOfAnotherSizeSharesNoneWithWhoKnowsBetter() {
        CompletableFuture<int[]> checksums = new CompletableFuture<>();
        CompletableFuture<Chunk> mistaken = cache.acquire(List.of(expected(2 * CHUNK, checksums)), "mistaken").get(0);
        CompletableFuture<Chunk> right = cache.acquire(chunks(0, 1), "right").get(0);
        sim.settle();
        checksums.completeExceptionally(new IllegalStateException("Another size"));
        sim.settle();
        assertThat(mistaken).isCompletedExceptionally();
        assertThat(right).isCompleted();
        assertThat(cache.pool().usedUnits()).isOne();
    }

    @Test
    void aChunkThatIsKeptDoesNotKeepTheChecksumsOfItsLog() {
        Chunk chunk = pinned(5, 1).get(0);
        assertThat(address(5).checksums().join()).hasSize(6);
        assertThat(chunk.address.checksums().join()).isEmpty();
    }

    @Test
    void whoseChecksumsCameToNothingFailsNobodyWhoHasThem() {
        SimFault late = objects.inject(SimFault.holdingReplies());
        CompletableFuture<int[]> checksums = new CompletableFuture<>();
        CompletableFuture<Chunk> unlucky = cache.acquire(List.of(expected(CHUNK, checksums)), "unlucky").get(0);
        sim.settle();
        checksums.completeExceptionally(new ColdStoreException.Unavailable("No indexes", null));
        CompletableFuture<Chunk> other = cache.acquire(chunks(0, 1), "other").get(0);
        late.release();
        sim.settle();
        assertThat(unlucky).isCompletedExceptionally();
        assertThat(other).isCompleted();
        assertThat(cache.holds(address(0))).isTrue();
        assertThat(cache.pinned()).isOne();
        assertThat(cache.pool().usedUnits()).isOne();
    }
}
