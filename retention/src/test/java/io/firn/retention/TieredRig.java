package io.firn.retention;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ColdThreads;
import io.firn.cold.manifest.PageShape;
import io.firn.cold.sim.SimObjectStore;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.HotLog;
import io.firn.hot.HotLogConfig;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SealedSegment;
import io.firn.hot.SimDisk;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * A broker's storage for one partition: real hot and cold tier and worker over a simulated disk, bucket and clock. The worker's rounds are run by the
 * test. It can be killed at any moment and started again over what the disk and the bucket kept.
 */
final class TieredRig implements AutoCloseable {
    static final TopicIdPartition PARTITION = new TopicIdPartition(new Uuid(7, 7), 0, "logs");
    static final int RECORDS = 3;
    /** Longer than all rounds that a test can wait for take together: some ten thousand a second, of some seconds each. */
    static final long AGES = 1_000_000_000_000L;
    /** Of real time: most that a round waits for the scrub's thread. */
    private static final long SCRUB_STEP_MS = 20;
    /** Manifests spill from the fifth segment on, so that what is done here is done to pages as well. */
    private static final PageShape SPILLING = new PageShape(2, 1, 1, 3, 2);
    private static final long DEADLINE_S = 60;
    static final Path SCRATCH = Path.of("/data/scratch");
    private static final Path DIRECTORY = Path.of("/data/hot");

    final SimDisk disk = new SimDisk(1);
    final ManualClock clock = new ManualClock();
    final AtomicLong usableBytes = new AtomicLong(Long.MAX_VALUE / 4);
    /** The batches as they are in the log, by base offset: what every reader must see, byte by byte. */
    final ConcurrentSkipListMap<Long, byte[]> written = new ConcurrentSkipListMap<>();

    SimObjectStore objects = new SimObjectStore();
    SimpleMeterRegistry meters;
    HotStore hotStore;
    ColdStore cold;
    RetentionWorker worker;
    private Executor scrubbing;
    HotLog hot;
    TieredLog log;
    TieredLogConfig config;
    RetentionConfig workerConfig = new RetentionConfig(1_000, 0, 0, usableBytes::get);
    int leaderEpoch = 1;
    long deleteGraceMs;
    /** Runs what sweeps and scrubs do; a thread by default. */
    Optional<Executor> scrubThread = Optional.empty();
    /** Nothing at or above it counts as committed; by default everything durable does. */
    volatile long commitLimit = Long.MAX_VALUE;

    private MortalDisk process;
    ExecutorService loop;
    private ExecutorService mailbox;
    private final List<ExecutorService> executors = new CopyOnWriteArrayList<>();
    private final List<ColdStore> killed = new CopyOnWriteArrayList<>();

    TieredRig(TieredLogConfig config) {
        this.config = config;
        installDirectory();
    }

    /** The data directory has been there for long: a power loss does not take it. */
    private void installDirectory() {
        try {
            disk.createDirectories(DIRECTORY);
            for (Path at = DIRECTORY; at != null; at = at.getParent()) {
                disk.forceDirectory(at);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static TieredRig started(TieredLogConfig config) {
        TieredRig rig = new TieredRig(config);
        rig.start();
        return rig;
    }

    void start() {
        startStores();
        attach();
    }

    void startStores() {
        loop = thread("test-loop");
        mailbox = thread("test-mailbox");
        meters = new SimpleMeterRegistry();
        process = new MortalDisk(disk);
        hotStore = HotStore.open(new HotStoreConfig(DIRECTORY, Durability.FSYNC, 0, 2, 86_400_000, 64 << 20), process, clock, meters);
        cold = ColdStore.open(new ColdStoreConfig("", "cluster", 64 << 10, 4 << 20, 4, 256 << 10, 2, 5_000, 1, deleteGraceMs, false), objects, clock, meters, ColdThreads.start(2), new SecureRandom(), SPILLING);
        ScratchSpace scratch = new ScratchSpace(process, SCRATCH);
        ColdCompactions coldCompactions = ColdCompactions.of(workerConfig, scratch, thread("test-cold-compaction"));
        scrubbing = thread("test-scrub");
        Scrubs scrubs = Scrubs.of(workerConfig, scratch, scrubThread.orElse(scrubbing), meters);
        scrubs.places().load();
        worker = new RetentionWorker(workerConfig, cold, clock, () -> 0.5, meters, mailbox, thread("test-compaction"), coldCompactions, scrubs, mailbox::shutdownNow);
    }

    void attach() {
        hot = get(hotStore.openOrCreate(PARTITION, config.hot(), loop));
        log = onLoop(() -> worker.attach(hot, config, leaderEpoch, loop, this::committedOffset));
    }

    private long committedOffset() {
        return Math.min(commitLimit, hot.lastStableOffset(hot.durableOffset()));
    }

    /** As {@link #start}, of a replica that follows a leader of {@code epoch} elsewhere. */
    void startFollowing(int epoch) {
        startStores();
        hot = get(hotStore.openOrCreate(PARTITION, config.hot(), loop));
        log = onLoop(() -> {
            TieredLog follower = worker.attach(hot, config, loop, this::committedOffset);
            follower.follow(epoch);
            return follower;
        });
    }

    /** The process dies here and now, or with it the power; nothing is closed in order. */
    void kill(boolean powerLoss) {
        process.die();
        if (powerLoss) {
            disk.crash();
        } else {
            disk.kill();
        }
        executors.forEach(ExecutorService::shutdownNow);
        executors.clear();
        killed.add(cold);
        objects = objects.reopened();
    }

    void restart(boolean powerLoss) {
        kill(powerLoss);
        start();
    }

    /** A clean stop, as the broker does it. */
    void stop() {
        worker.close();
        cold.close();
        hotStore.close();
        executors.forEach(ExecutorService::shutdownNow);
        executors.clear();
        objects = objects.reopened();
    }

    @Override
    public void close() {
        if (!executors.isEmpty()) {
            stop();
        }
        killed.forEach(ColdStore::close);
    }

    private ExecutorService thread(String name) {
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        executors.add(executor);
        return executor;
    }

    // What happens

    /** Appends one batch of three records whose timestamps are the clock's. */
    long append() {
        return append(clock.millis());
    }

    long append(long timestampMs) {
        SimpleRecord[] records = new SimpleRecord[RECORDS];
        for (int i = 0; i < RECORDS; i++) {
            records[i] = new SimpleRecord(timestampMs, ("key-" + i).getBytes(), ("value " + written.size() + "." + i + " ".repeat(900)).getBytes());
        }
        return append(MemoryRecords.withRecords(Compression.NONE, records).buffer(), AppendOrigin.CLIENT);
    }

    /** Appends one record; a null value is a tombstone. */
    long put(String key, String value) {
        SimpleRecord record = new SimpleRecord(clock.millis(), key.getBytes(), value == null ? null : value.getBytes());
        return append(MemoryRecords.withRecords(Compression.NONE, record).buffer(), AppendOrigin.CLIENT);
    }

    long append(ByteBuffer batch, AppendOrigin origin) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch.duplicate()).flip();
        while (true) {
            AppendResult result = onLoop(() -> hot.append(RecordBuffers.of(bytes), leaderEpoch, origin, clock.millis()));
            if (result instanceof AppendResult.Appended appended) {
                byte[] stored = new byte[bytes.remaining()];
                bytes.duplicate().get(stored);
                written.put(appended.baseOffset(), stored);
                return appended.baseOffset();
            }
            if (!(result instanceof AppendResult.NotWritableYet)) {
                throw new AssertionError("append: " + result);
            }
            get(onLoop(hot::whenWritable));
        }
    }

    /** Appends so many batches and seals them as a segment. Returns the offset after it. */
    long segment(int batches) {
        for (int i = 0; i < batches; i++) {
            append();
        }
        awaitDurable();
        return seal();
    }

    /** Seals the active segment and waits until it may be offloaded. */
    long seal() {
        get(onLoop(hot::roll));
        await("settled", () -> {
            List<SealedSegment> sealed = hot.sealedSegments(Long.MAX_VALUE);
            return hot.localLogStartOffset() == hot.logEndOffset() || !sealed.isEmpty() && sealed.get(sealed.size() - 1).nextOffset() == hot.logEndOffset();
        });
        return onLoop(hot::logEndOffset);
    }

    void segments(int count) {
        for (int i = 0; i < count; i++) {
            segment(4);
        }
    }

    /** One round of the worker, and everything on the loop that it caused directly. */
    void round() {
        get(CompletableFuture.runAsync(worker::tick, mailbox));
        onLoop(() -> null);
    }

    /** Rounds until {@code condition} holds, each {@code stepMs} after the other. How many there will be nobody knows: what must not come due meanwhile is {@link #AGES} away, and what has to come by some time is waited for at that time, with steps of 0. */
    void roundsUntil(String what, long stepMs, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!onLoop(condition::getAsBoolean)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + DEADLINE_S + " s: " + what + "; " + where());
            }
            round();
            awaitScrub();
            clock.advanceMs(stepMs);
        }
    }

    /** Else on a busy machine the clock would run ahead of the scrub's thread, by hours. What that waits for may come with a later round. */
    private void awaitScrub() {
        CountDownLatch through = new CountDownLatch(1);
        scrubbing.execute(through::countDown);
        try {
            through.await(SCRUB_STEP_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As {@link #roundsUntil}, when the partition may be gone. */
    void until(String what, long stepMs, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + DEADLINE_S + " s: " + what);
            }
            round();
            clock.advanceMs(stepMs);
        }
    }

    /** Waits without rounds. */
    void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        while (!onLoop(condition::getAsBoolean)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + DEADLINE_S + " s: " + what + "; " + where());
            }
        }
    }

    void awaitDurable() {
        await("durable", () -> hot.durableOffset() == hot.logEndOffset());
    }

    void awaitOpened() {
        roundsUntil("cold log open", 100, () -> log.cold().isPresent());
    }

    void awaitOffloaded(long boundary) {
        roundsUntil("tier boundary " + boundary, 100, () -> log.latestTieredOffset() == boundary - 1);
    }

    void reconfigure(TieredLogConfig next) {
        config = next;
        onLoop(() -> {
            log.reconfigure(next);
            return null;
        });
    }

    OffloadState state() {
        return get(worker.offloadState(log));
    }

    private String where() {
        return onLoop(() -> "log " + hot.logStartOffset() + " local " + hot.localLogStartOffset() + " durable " + hot.durableOffset() + " end " + hot.logEndOffset()
                + " tiered " + log.latestTieredOffset() + " sealed " + hot.sealedSegments(Long.MAX_VALUE).size() + " offline " + log.offlineReason()
                + " offload " + worker.offloadState(log).getNow(null));
    }

    double meter(String name) {
        return meters.getMeters().stream().filter(m -> m.getId().getName().equals(name))
                .mapToDouble(m -> m.measure().iterator().next().getValue()).sum();
    }

    /** Objects that hold segments. */
    long segmentObjects() {
        return objects.keys().stream().filter(k -> k.endsWith(".segment")).count();
    }

    // Threads

    <T> T onLoop(Callable<T> action) {
        try {
            return loop.submit(action).get(DEADLINE_S, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("on the loop", e);
        }
    }

    <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(DEADLINE_S, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("future", e);
        }
    }

    /** The failure of a future. */
    Throwable failure(CompletableFuture<?> future) {
        try {
            Object value = future.get(DEADLINE_S, TimeUnit.SECONDS);
            throw new AssertionError("succeeded with " + value);
        } catch (java.util.concurrent.ExecutionException e) {
            return PartitionLoop.unwrapped(e.getCause());
        } catch (Exception e) {
            throw new AssertionError("future", e);
        }
    }
}
