package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.PageShape;
import io.firn.cold.read.ReadsInUse;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/** A cold tier on a simulated store, threads and clock. */
public final class ColdFixture {

    public static final TopicIdPartition PARTITION = new TopicIdPartition(new Uuid(0x1234_5678_9abcL, 0x0fed_cba9_8765L), 3, "weather-reports.v1");
    public static final int CHUNK = 64 << 10;

    public final SimThreads sim = new SimThreads();
    public final SimObjectStore objects = new SimObjectStore(sim, sim);
    public final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    public final ColdStore store;
    private final PageShape shape;

    public ColdFixture() {
        this(config(16 * CHUNK, 4 * CHUNK));
    }

    public ColdFixture(ColdStoreConfig config) {
        this(config, PageShape.DEFAULT);
    }

    public ColdFixture(ColdStoreConfig config, PageShape shape) {
        this.shape = shape;
        store = ColdStore.open(config, objects, sim, registry, sim.threads(), new Random(42), shape);
    }

    /** Half the time manifests that spill nearly all they have, else the usual ones. */
    public static PageShape anyShape(Random random) {
        return random.nextBoolean() ? PageShape.DEFAULT : new PageShape(1, 1, 1, 1 + random.nextInt(3), 2);
    }

    public static ColdStoreConfig config(long cacheBytes, long readAheadBytes) {
        return new ColdStoreConfig("firn", "cluster-a", CHUNK, cacheBytes, 4, readAheadBytes, 2, 1_000, 3, 60_000, false);
    }

    /** As above, with a cache on disk of its own. */
    public static ColdStoreConfig config(long cacheBytes, long readAheadBytes, Path directory, long diskBytes) {
        return new ColdStoreConfig("firn", "cluster-a", CHUNK, cacheBytes, 4, readAheadBytes, 2, 1_000, 3, 60_000, false, ColdStoreConfig.PAGE_CACHE_BYTES,
                Optional.of(new ColdDiskConfig(directory, diskBytes, 0, 0)));
    }

    /** Another process over the same bucket. */
    public ColdStore another(long seed) {
        return ColdStore.open(config(16 * CHUNK, 0), objects, sim, new SimpleMeterRegistry(), sim.threads(), new Random(seed), shape);
    }

    public ColdLog log(int epoch) {
        return sim.await(store.openLog(PARTITION, epoch));
    }

    /** All its segments, gone through as anybody does. */
    public List<ColdSegment> segments(ColdLog log) {
        List<ColdSegment> all = new ArrayList<>();
        for (List<ColdSegment> next = await(log.segmentsFrom(0, 1_000)); !next.isEmpty(); next = await(log.segmentsFrom(next.get(next.size() - 1).nextOffset(), 1_000))) {
            all.addAll(next);
        }
        return all;
    }

    public <T> T await(CompletableFuture<T> future) {
        return sim.await(future);
    }

    public double count(String name) {
        return registry.get(name).counter().count();
    }

    public Throwable failure(CompletableFuture<?> future) {
        try {
            sim.await(future);
        } catch (CompletionException e) {
            return e.getCause();
        }
        throw new AssertionError("It succeeded");
    }

    public ReadsInUse inUse() {
        AtomicReference<ReadsInUse> seen = new AtomicReference<>();
        sim.settle();
        sim.execute(() -> seen.set(store.reads().inUse()));
        sim.settle();
        return seen.get();
    }

    /** No read is under way, or has memory. */
    public void assertNothingHeld() {
        ReadsInUse held = inUse();
        assertThat(held.reads()).isZero();
        assertThat(held.pinnedChunks()).isZero();
        assertThat(held.reservedUnits()).isZero();
    }

    public static byte[] bytes(ColdRead read) {
        ByteBuffer all = ByteBuffer.allocate(read.sizeBytes());
        for (ByteBuffer piece : read.buffers()) {
            all.put(piece);
        }
        return all.array();
    }
}
