package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.file.FileObjectStore;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.FileDisk;
import io.firn.hot.HotLog;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.RecordBuffers;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The worker with its own thread, over real files. */
class RetentionWorkerTest {
    private static final int PARTITIONS = 8;
    private static final int SEGMENTS = 5;
    private static final long DEADLINE_S = 30;

    @TempDir
    Path directory;

    @Test
    void severalPartitionsSettleByThemselvesAndCloseEndsTheWork() throws Exception {
        ExecutorService loop = Executors.newSingleThreadExecutor();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        InstantSource clock = InstantSource.system();
        HotStore hotStore = HotStore.open(new HotStoreConfig(directory.resolve("hot"), Durability.OS, 1, 2, 86_400_000, 1 << 20), new FileDisk(), clock, meters);
        ColdStore cold = ColdStore.open(new ColdStoreConfig("", "cluster", 64 << 10, 4 << 20, 4, 256 << 10, 2, 5_000, 2, 0, false),
                FileObjectStore.open(directory.resolve("cold"), 2), clock, meters);
        RetentionWorker worker = RetentionWorker.start(new RetentionConfig(5, 0, 0, hotStore::usableBytes),
                new ScratchSpace(new FileDisk(), directory.resolve("scratch")), cold, clock, meters);
        try {
            List<TieredLog> logs = new ArrayList<>();
            for (int i = 0; i < PARTITIONS; i++) {
                HotLog hot = hotStore.openOrCreate(new TopicIdPartition(new Uuid(3, 3), i, "many"), Views.coldOnly().hot(), loop).get();
                logs.add(on(loop, () -> worker.attach(hot, Views.coldOnly(), 1, loop, () -> hot.lastStableOffset(hot.logEndOffset()))));
                fill(loop, hot);
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
            while (!on(loop, () -> logs.stream().allMatch(log -> log.hot().localLogStartOffset() == SEGMENTS))) {
                assertThat(System.nanoTime()).as("all settled in time").isLessThan(deadline);
            }
            assertThat(on(loop, () -> logs.stream().allMatch(log -> log.latestTieredOffset() == SEGMENTS - 1))).isTrue();
            assertThat(on(loop, () -> logs.stream().allMatch(log -> log.logStartOffset() == 0))).isTrue();
            assertThat(meters.get("firn.offload.segments").counter().count()).isEqualTo(PARTITIONS * SEGMENTS);
        } finally {
            worker.close();
            cold.close();
            hotStore.close();
            loop.shutdownNow();
        }
    }

    /** The clock stands still: what is told is the pause after the first failure, 0.8 to 1 s in whole milliseconds. That all draw the same by chance does not happen. */
    @Test
    void pausesOfPartitionsThatCannotReachTheBucketAreDrawnAtRandom() throws Exception {
        ExecutorService loop = Executors.newSingleThreadExecutor();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L));
        HotStore hotStore = HotStore.open(new HotStoreConfig(directory.resolve("hot"), Durability.OS, 1, 2, 86_400_000, 1 << 20), new FileDisk(), clock, meters);
        ColdStore cold = ColdStore.open(new ColdStoreConfig("", "cluster", 64 << 10, 4 << 20, 4, 256 << 10, 2, 5_000, 2, 0, false), away(), clock, meters);
        RetentionWorker worker = RetentionWorker.start(new RetentionConfig(5, 0, 0, hotStore::usableBytes), new ScratchSpace(new FileDisk(), directory.resolve("scratch")), cold, clock, meters);
        try {
            List<Long> pausesMs = new ArrayList<>();
            for (int i = 0; i < PARTITIONS; i++) {
                HotLog hot = hotStore.openOrCreate(new TopicIdPartition(new Uuid(3, 3), i, "many"), Views.coldOnly().hot(), loop).get();
                TieredLog log = on(loop, () -> worker.attach(hot, Views.coldOnly(), 1, loop, () -> hot.lastStableOffset(hot.logEndOffset())));
                pausesMs.add(firstRetryMs(worker, log) - clock.millis());
            }
            assertThat(pausesMs).allMatch(pauseMs -> pauseMs >= 800 && pauseMs <= 1_000);
            assertThat(pausesMs.stream().distinct().count()).as("pauses %s", pausesMs).isGreaterThan(1);
        } finally {
            worker.close();
            cold.close();
            hotStore.close();
            loop.shutdownNow();
        }
    }

    private static long firstRetryMs(RetentionWorker worker, TieredLog log) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (true) {
            if (worker.offloadState(log).get(DEADLINE_S, TimeUnit.SECONDS) instanceof OffloadState.Waiting waiting) {
                return waiting.retryAtMs();
            }
            assertThat(System.nanoTime()).as("the first try has failed in time").isLessThan(deadline);
        }
    }

    /** A bucket that no request reaches. */
    private static ObjectStore away() {
        return (ObjectStore) Proxy.newProxyInstance(ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> method.getReturnType() == CompletableFuture.class ? CompletableFuture.failedFuture(new ColdStoreException.Unavailable("Away", null))
                        : method.getReturnType() == String.class ? "away:" : null);
    }

    private static void fill(ExecutorService loop, HotLog hot) throws Exception {
        for (int i = 0; i < SEGMENTS; i++) {
            ByteBuffer batch = MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(i, "k".getBytes(), "v".getBytes())).buffer();
            ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch).flip();
            AppendResult result = on(loop, () -> hot.append(RecordBuffers.of(bytes), 1, AppendOrigin.CLIENT, System.currentTimeMillis()));
            assertThat(result).isInstanceOf(AppendResult.Appended.class);
            on(loop, hot::roll).get(DEADLINE_S, TimeUnit.SECONDS);
        }
    }

    private static <T> T on(ExecutorService loop, Callable<T> action) throws Exception {
        return loop.submit(action).get(DEADLINE_S, TimeUnit.SECONDS);
    }
}
