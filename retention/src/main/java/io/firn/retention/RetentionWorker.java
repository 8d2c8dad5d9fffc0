package io.firn.retention;

import io.firn.cold.ColdStore;
import io.firn.hot.HotLog;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offloads sealed segments and deletes what retention lets go, for all partitions of a broker, in the background.
 *
 * <pre>
 *   mailbox (one thread)  ── a message a loop and check interval ──▶  loop: LoopSweep ─▶ TieredPartition ─▶ LocalTrimmer, Offloader
 *     Turns, ColdDeletions, DiskPressure  ◀── asks for a turn ──────       ▲
 *                                                                           └── results ── cold-tier and I/O threads
 * </pre>
 *
 * <p>Threading: thread-safe; it reaches a partition only by a message to its loop. The mailbox never waits
 * for the bucket, and for the disk only to find a {@link SegmentTail}'s cut (a few small reads, rare).
 */
public final class RetentionWorker implements AutoCloseable {
    /** Cold logs opened at the same time: at start a broker with many partitions must not flood the bucket. */
    static final int OPENS_AT_ONCE = 16;

    private static final long CLOSE_WAIT_MS = 10_000;
    private static final Logger logger = LoggerFactory.getLogger(RetentionWorker.class);

    private final RetentionConfig config;
    private final Work work;
    private final ColdDeletions coldDeletions;
    private final Runnable stopMailbox;
    private final Map<Executor, LoopSweep> sweeps = new ConcurrentHashMap<>();
    private DiskPressure pressure = DiskPressure.NONE;
    private volatile boolean rejectsProduce;

    /** @param mailbox runs messages one at a time; {@link #tick} is to be called there each check interval */
    RetentionWorker(RetentionConfig config, ColdStore cold, InstantSource clock, DoubleSupplier random, MeterRegistry meters, Executor mailbox,
            Runnable stopMailbox) {
        this.config = config;
        this.stopMailbox = stopMailbox;
        this.work = new Work(cold, clock, random, new RetentionMeters(meters), mailbox, new Turns(OPENS_AT_ONCE, UploadPace.of(0)),
                new Turns(config.uploadsAtOnce(), UploadPace.of(config.uploadBytesPerSecond())), new AtomicLong(), new AtomicBoolean());
        this.coldDeletions = new ColdDeletions(work);
    }

    /** Starts the worker's thread. {@code cold} stays the caller's to close, after this. */
    public static RetentionWorker start(RetentionConfig config, ColdStore cold, InstantSource clock, MeterRegistry meters) {
        ScheduledThreadPoolExecutor mailbox = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "firn-retention");
            thread.setDaemon(true);
            return thread;
        });
        RetentionWorker worker = new RetentionWorker(config, cold, clock, () -> ThreadLocalRandom.current().nextDouble(), meters, mailbox,
                () -> shutDown(mailbox));
        mailbox.scheduleWithFixedDelay(worker::guardedTick, config.checkIntervalMs(), config.checkIntervalMs(), TimeUnit.MILLISECONDS);
        return worker;
    }

    /**
     * Takes a partition into service: opens its cold log in the background (reads below the local start are {@link TieredRead.Unavailable} until then) and begins to offload.
     *
     * @param leaderEpoch epoch this broker leads the partition with
     * @param committedOffset asked on {@code loop}: nothing at or above it (high watermark and last stable offset) is offloaded or deleted by retention
     */
    public TieredLog attach(HotLog hot, TieredLogConfig config, int leaderEpoch, Executor loop, LongSupplier committedOffset) {
        PartitionLoop partitionLoop = new PartitionLoop(loop);
        TieredLog log = new TieredLog(hot, config, partitionLoop);
        sweeps.computeIfAbsent(loop, LoopSweep::new).add(new TieredPartition(log, partitionLoop, leaderEpoch, committedOffset, work));
        return log;
    }

    /**
     * Stops work on a partition; completes on its loop when nothing here changes the hot log any more, so that it may be closed or deleted. It never waits for the bucket:
     * an upload in flight is abandoned.
     *
     * @param deleteCold also delete its objects (topic deletion); that begins when the abandoned upload has ended, and goes on in the background until done
     */
    public CompletableFuture<Void> detach(TieredLog log, boolean deleteCold) {
        return sweepOf(log).remove(log).thenAccept(partition -> {
            if (deleteCold) {
                partition.abandoned().thenRun(() -> work.post(() -> coldDeletions.add(log.hot().partition(), partition.leaderEpoch())));
            }
        });
    }

    private LoopSweep sweepOf(TieredLog log) {
        LoopSweep sweep = sweeps.get(log.loop());
        if (sweep == null) {
            throw new IllegalArgumentException("not attached: " + log.hot().partition());
        }
        return sweep;
    }

    /** Where a partition's offload stands; for tests and for whoever asks why it does not move. Completes on its loop. */
    CompletableFuture<OffloadState> offloadState(TieredLog log) {
        return sweepOf(log).offloadState(log);
    }

    /** Whether local disk use has passed the watermark, so that produce must be refused with a retriable error. A volatile read. */
    public boolean rejectsProduce() {
        return rejectsProduce;
    }

    /** Stops offloading at the next safe point; what is in flight is abandoned, leaving at most orphan objects. Blocks. */
    @Override
    public void close() {
        if (work.closed().compareAndSet(false, true)) {
            stopMailbox.run();
        }
    }

    private static void shutDown(ScheduledThreadPoolExecutor mailbox) {
        mailbox.shutdownNow();
        try {
            if (!mailbox.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                logger.atWarn().log("The retention worker's thread did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void guardedTick() {
        try {
            tick();
        } catch (RuntimeException bug) {
            logger.atError().setCause(bug).log("A round of retention failed; the next one is tried");
        }
    }

    /** One round: looks at the disk, hands out turns that time has freed, sweeps every loop. On the mailbox. */
    void tick() {
        watchDisk();
        work.opens().grant(work.nowMs());
        work.uploads().grant(work.nowMs());
        coldDeletions.look();
        sweeps.values().forEach(LoopSweep::start);
    }

    private void watchDisk() {
        long usableBytes = config.usableBytes().getAsLong();
        pressure = pressure.next(usableBytes, config.diskWatermarkBytes(), work.nowMs());
        work.earlyBytes().set(pressure.wantedBytes());
        work.meters().rejectsProduce(pressure.rejectsProduce());
        if (pressure.rejectsProduce() != rejectsProduce) {
            rejectsProduce = pressure.rejectsProduce();
            logger.atWarn().addKeyValue("usableBytes", usableBytes).addKeyValue("watermarkBytes", config.diskWatermarkBytes())
                    .addKeyValue("rejectsProduce", rejectsProduce).log("The disk has crossed its watermark");
        }
    }
}
