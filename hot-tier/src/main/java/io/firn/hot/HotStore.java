package io.firn.hot;

import io.firn.hot.flush.Flusher;
import io.firn.hot.log.Lane;
import io.firn.hot.log.LogContext;
import io.firn.hot.recovery.LogOpening;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.recovery.RecoverySettings;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.ScanBuffers;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All logs below one data directory, their lock against a second process, and the flusher of that disk.
 *
 * <p>Threading: thread-safe; recovery and file work run on its own bounded I/O pool.
 */
public final class HotStore implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HotStore.class);

    /** Longest time {@link #close()} waits for all logs together. */
    private static final long CLOSE_TIMEOUT_MS = 60_000;

    private final HotStoreConfig config;
    private final StoreDirectory directory;
    private final StoreThreads threads;
    private final Room room;
    private final InstantSource clock;
    private final HotMeters meters;
    private final ScanBuffers buffers;
    private final Map<TopicIdPartition, Opened> open = new ConcurrentHashMap<>();
    private final LogDirectory files;
    private final Map<TopicIdPartition, Long> highWatermarks;

    /** A log, once it is open, its directory, and the loop it lives on. */
    private record Opened(CompletableFuture<HotLog> log, LogDirectory directory, Executor loop) {}

    HotStore(HotStoreConfig config, StoreDirectory directory, StoreThreads threads, InstantSource clock, HotMeters meters) {
        this.config = config;
        this.directory = directory;
        this.threads = threads;
        this.clock = clock;
        this.meters = meters;
        this.buffers = new ScanBuffers(config.ioThreads());
        this.files = new LogDirectory(directory.disk(), config.directory());
        this.highWatermarks = new ConcurrentHashMap<>(HighWatermarks.read(files));
        this.room = new Room(directory.disk(), config.directory(), threads.io(), clock);
    }

    /**
     * Locks the directory and reads what is in it; no log is recovered yet.
     *
     * @throws HotStoreException when another process holds the directory, or it is not usable
     */
    public static HotStore open(HotStoreConfig config, Disk disk, InstantSource clock, MeterRegistry meters) {
        HotMeters hotMeters = new HotMeters(meters);
        StoreDirectory directory = StoreDirectory.open(disk, config.directory());
        StoreThreads threads = StoreThreads.start(config.ioThreads(), new Flusher(config.flushTickMs(), System::nanoTime, hotMeters));
        return new HotStore(config, directory, threads, clock, hotMeters);
    }

    /** Partitions that have a directory here, whatever their state. Those that no topic claims are left to {@link #delete}. */
    public Set<TopicIdPartition> onDisk() {
        return directory.partitions();
    }

    /**
     * Opens the partition's log, recovering it if the last shutdown was not clean, or creates it empty. The log is confined to
     * {@code loop}; the future completes there. A log that cannot be recovered comes back offline, with its reason.
     */
    public CompletableFuture<HotLog> openOrCreate(TopicIdPartition partition, HotLogConfig logConfig, Executor loop) {
        Opened opened = new Opened(new CompletableFuture<>(), directory.of(partition), loop);
        if (open.putIfAbsent(partition, opened) != null) {
            return CompletableFuture.failedFuture(new IllegalStateException(partition + " is open already"));
        }
        LogContext context = new LogContext(partition, opened.directory, config, loop, threads.io(), new Lane(threads.io(), loop), threads.flusher(), meters,
                buffers, clock, new SplittableRandom());
        directory.afterDeletion(partition).whenComplete((done, failure) -> openOnLoop(context, logConfig, opened.log));
        return opened.log;
    }

    private void openOnLoop(LogContext context, HotLogConfig logConfig, CompletableFuture<HotLog> opened) {
        try {
            context.loop().execute(() -> open(context, logConfig, opened));
        } catch (RejectedExecutionException e) {
            open.remove(context.partition());
            opened.completeExceptionally(e);
        }
    }

    private void open(LogContext context, HotLogConfig logConfig, CompletableFuture<HotLog> opened) {
        RecoverySettings settings = new RecoverySettings(logConfig, context.producerLimits(), context.io(), context.jitterMs(logConfig),
                clock.millis());
        context.lane().submit(() -> recover(context, settings)).whenComplete((recovered, failure) -> {
            if (failure == null) {
                opened.complete(new HotLog(context, logConfig, recovered, savedHighWatermark(context.partition())));
                return;
            }
            HotLog log = new HotLog(context, logConfig, LogOpening.nothing(context.directory(), settings), 0);
            log.goOffline("the log could not be opened: " + failure.getMessage(), failure);
            opened.complete(log);
        });
    }

    private RecoveredLog recover(LogContext context, RecoverySettings settings) throws IOException {
        long began = System.nanoTime();
        ByteBuffer buffer = buffers.take();
        try {
            RecoveredLog recovered = LogOpening.openOrCreate(context.directory(), context.partition().topicId(), settings, buffer);
            directory.add(context.partition());
            meters.cut(recovered.cutBytes());
            return recovered;
        } finally {
            buffers.give(buffer);
            meters.recovered(System.nanoTime() - began);
        }
    }

    /**
     * Takes the log out of service and deletes its files. Reads in flight end normally: the directory is renamed at once (its name can be used anew,
     * and the future completes), and the files go when the last of them lets go.
     */
    public CompletableFuture<Void> delete(TopicIdPartition partition) {
        Opened opened = open.remove(partition);
        CompletableFuture<Void> released = opened == null ? CompletableFuture.completedFuture(null) : opened.log.thenCompose(log -> abandon(log, opened.loop));
        LogDirectory files = opened == null ? directory.of(partition) : opened.directory;
        return directory.delete(partition, files, released, threads.io());
    }

    private static CompletableFuture<Void> abandon(HotLog log, Executor loop) {
        return onLoop(loop, log::abandon);
    }

    /** Calls {@code work} on the loop, or here if the loop has ended. */
    private static CompletableFuture<Void> onLoop(Executor loop, Supplier<CompletableFuture<Void>> work) {
        try {
            return CompletableFuture.supplyAsync(work, loop).thenCompose(future -> future);
        } catch (RejectedExecutionException e) {
            return work.get();
        }
    }

    /** Free bytes of the disk, as last looked up (at most a second old while somebody asks). Never blocks. */
    public long usableBytes() {
        return room.usableBytes();
    }

    public long totalBytes() {
        return room.totalBytes();
    }

    private long savedHighWatermark(TopicIdPartition partition) {
        return highWatermarks.getOrDefault(HighWatermarks.key(partition.topicId(), partition.partition()), 0L);
    }

    /**
     * Writes down what is committed of the replicated logs ({@link HotLog#noteHighWatermark}), if any of it has changed; to be called now and then (Kafka: each 5 s). Blocks; one thread at a time.
     * A log that is not open keeps what was saved; one whose directory is gone is forgotten.
     */
    public void saveHighWatermarks() throws IOException {
        Map<TopicIdPartition, Long> now = new HashMap<>();
        for (TopicIdPartition partition : directory.partitions()) {
            TopicIdPartition key = HighWatermarks.key(partition.topicId(), partition.partition());
            Opened opened = open.get(partition);
            long noted = opened == null || !opened.log.isDone() || opened.log.isCompletedExceptionally() ? HotLog.NOT_REPLICATED : opened.log.join().notedHighWatermark();
            Long offset = noted == HotLog.NOT_REPLICATED ? highWatermarks.get(key) : Long.valueOf(noted);
            if (offset != null) {
                now.put(key, offset);
            }
        }
        if (!now.equals(highWatermarks)) {
            HighWatermarks.write(files, now);
            highWatermarks.keySet().retainAll(now.keySet());
            highWatermarks.putAll(now);
        }
    }

    /** Flushes and closes every log, writes the clean-shutdown marker, releases the lock. Blocks; not for an event loop. */
    @Override
    public void close() {
        boolean clean = await(closeLogs());
        threads.stop();
        directory.close(clean);
    }

    /** Closes all logs; whether each one opens again without a scan. */
    CompletableFuture<Boolean> closeLogs() {
        try {
            saveHighWatermarks();
        } catch (IOException e) {
            LOG.atWarn().setCause(e).log("high watermarks could not be saved; replicated partitions learn theirs from their replicas");
        }
        CompletableFuture<Boolean> all = CompletableFuture.completedFuture(true);
        for (TopicIdPartition partition : Set.copyOf(open.keySet())) {
            Opened opened = open.remove(partition);
            CompletableFuture<Boolean> one = opened.log.thenCompose(log -> onLoop(opened.loop, log::close)).handle((done, failure) -> {
                if (failure != null) {
                    LOG.atWarn().addKeyValue("partition", partition).addKeyValue("reason", failure.getMessage()).log("log is not closed cleanly");
                }
                return failure == null;
            });
            all = all.thenCombine(one, Boolean::logicalAnd);
        }
        return all;
    }

    private static boolean await(CompletableFuture<Boolean> closed) {
        try {
            return closed.get(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.atError().addKeyValue("timeoutMs", CLOSE_TIMEOUT_MS).setCause(e).log("not all logs could be closed; they are recovered at the next start");
        }
        return false;
    }
}
