package io.firn.retention;

import io.firn.cold.ColdStore;
import io.firn.hot.HotLog;
import io.firn.hot.LogStart;
import io.firn.hot.replication.TierBoundary;
import io.firn.hot.replication.TierEnd;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offloads sealed segments, deletes what retention lets go, and compacts both tiers, for all partitions of a broker, in the background.
 *
 * <pre>
 *   mailbox (one thread)  ── a message a loop and check interval ──▶  loop: LoopSweep ─▶ TieredPartition ─▶ LocalTrimmer, Offloader, LocalCompactor, ColdCompactor
 *     Turns, ColdDeletions, DiskPressure  ◀── asks for a turn ──────       ▲
 *                                                                           └── results ── cold-tier, I/O and compaction threads
 * </pre>
 *
 * <p>Threading: thread-safe; it reaches a partition only by a message to its loop. The mailbox never waits
 * for the bucket, and for the disk only to find a {@link SegmentTail}'s cut (a few small reads, rare).
 */
public final class RetentionWorker implements AutoCloseable {
    /** Cold logs opened at the same time: at start a broker with many partitions must not flood the bucket. */
    static final int OPENS_AT_ONCE = 16;

    /** What may wait for the thread of the scrub: a sweep's step and a scrub's, a look for topics, and what is to be written; twice as much. */
    private static final int SCRUB_TASKS = 8;
    private static final long PLACES_EVERY_MS = 60_000;
    private static final long CLOSE_WAIT_MS = 10_000;
    private static final long IDLE_THREAD_MS = 60_000;
    private static final Logger logger = LoggerFactory.getLogger(RetentionWorker.class);

    private final RetentionConfig config;
    private final Work work;
    private final ColdDeletions coldDeletions;
    private final Runnable stopThreads;
    private final Map<Executor, LoopSweep> sweeps = new ConcurrentHashMap<>();
    private DiskPressure pressure = DiskPressure.NONE;
    private Optional<TopicSweep> topicSweep = Optional.empty();
    private long nextPlacesMs;
    /** Whether how far the scrub has come is being written, or waits for that. */
    private final AtomicBoolean keepsPlaces = new AtomicBoolean();
    private volatile boolean rejectsProduce;

    /**
     * @param mailbox runs messages one at a time; {@link #tick} is to be called there each check interval
     * @param compactors run steps of local compactions
     * @param coldCompactions compactions of the cold tier
     * @param scrubs sweeps and scrubs of the cold tier
     * @param stopThreads ends all of them
     */
    RetentionWorker(RetentionConfig config, ColdStore cold, InstantSource clock, DoubleSupplier random, MeterRegistry meters, Executor mailbox,
            Executor compactors, ColdCompactions coldCompactions, Scrubs scrubs, Runnable stopThreads) {
        this.config = config;
        this.stopThreads = stopThreads;
        this.work = new Work(cold, clock, random, new RetentionMeters(meters), mailbox, new Turns(OPENS_AT_ONCE, UploadPace.of(0)),
                new Turns(config.uploadsAtOnce(), UploadPace.of(config.uploadBytesPerSecond())),
                LocalCompactions.of(config, compactors, meters), coldCompactions, scrubs, new AtomicLong(), new AtomicBoolean());
        this.coldDeletions = new ColdDeletions(work);
    }

    /** Starts the worker's threads. {@code cold} stays the caller's to close, after this. */
    public static RetentionWorker start(RetentionConfig config, ScratchSpace scratch, ColdStore cold, InstantSource clock, MeterRegistry meters) {
        ScheduledThreadPoolExecutor mailbox = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "firn-retention"));
        ThreadPoolExecutor compactors = compactors(config.compaction().threads());
        ThreadPoolExecutor scrubber = new ThreadPoolExecutor(1, 1, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(SCRUB_TASKS), task -> daemon(task, "firn-cold-scrub"));
        scrubber.allowCoreThreadTimeOut(true);
        Scrubs scrubs = Scrubs.of(config, scratch, scrubber, meters);
        scrubs.places().load();
        ExecutorService coldCompactor = Executors.newSingleThreadExecutor(task -> daemon(task, "firn-cold-compaction"));
        RetentionWorker worker = new RetentionWorker(config, cold, clock, () -> ThreadLocalRandom.current().nextDouble(), meters, mailbox, compactors,
                ColdCompactions.of(config, scratch, coldCompactor), scrubs, () -> {
                    coldCompactor.shutdown(); // what it waits for has ended by the worker's closing
                    scrubber.shutdown(); // as well, but for a request, which ends by itself
                    shutDown(compactors);
                    shutDown(mailbox);
                });
        mailbox.scheduleWithFixedDelay(worker::guardedTick, config.checkIntervalMs(), config.checkIntervalMs(), TimeUnit.MILLISECONDS);
        return worker;
    }

    /** As many threads as passes may run, each with a step or none: nothing queues. Idle threads end. */
    private static ThreadPoolExecutor compactors(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor compactors = new ThreadPoolExecutor(threads, threads, IDLE_THREAD_MS, TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(),
                task -> daemon(task, "firn-compaction-" + number.getAndIncrement()));
        compactors.allowCoreThreadTimeOut(true);
        return compactors;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Takes a partition into service: opens its cold log in the background (reads below the local start are {@link TieredRead.Unavailable} until then) and begins to offload.
     *
     * @param leaderEpoch epoch this broker leads the partition with
     * @param committedOffset asked on {@code loop}: nothing at or above it (high watermark and last stable offset) is offloaded or deleted by retention
     */
    public TieredLog attach(HotLog hot, TieredLogConfig config, int leaderEpoch, Executor loop, LongSupplier committedOffset) {
        return attach(hot, config, new TierRole.Leads(leaderEpoch), loop, committedOffset);
    }

    /** As above, of a partition that this broker follows until {@link TieredLog#lead} says something else: local segments go by local retention, as far as the cold tier has them; nothing is offloaded. */
    public TieredLog attach(HotLog hot, TieredLogConfig config, Executor loop, LongSupplier committedOffset) {
        return attach(hot, config, TierRole.Follows.NOBODY, loop, committedOffset);
    }

    private TieredLog attach(HotLog hot, TieredLogConfig config, TierRole role, Executor loop, LongSupplier committedOffset) {
        PartitionLoop partitionLoop = new PartitionLoop(loop);
        TieredLog log = new TieredLog(hot, config, partitionLoop, role);
        sweeps.computeIfAbsent(loop, LoopSweep::new).add(new TieredPartition(log, partitionLoop, committedOffset, work));
        return log;
    }

    /**
     * From now on the bucket is looked through, as long as this broker is in charge of that, for what is left of topics that are gone; and nothing of a topic is deleted there before it is certain that it is not restored. To be called once, before partitions
     * are detached.
     */
    public void sweepTopics(TopicCensus census) {
        work.post(() -> {
            coldDeletions.ask(census);
            topicSweep = Optional.of(new TopicSweep(work, census));
        });
    }

    /** From now on other replicas are asked for what is broken in the bucket and not on the local disk. */
    public void repairFrom(ReplicaLogs replicas) {
        work.scrubs().replicas().set(replicas);
    }

    /** Where the cold tier of a partition ends; looked up in turns, so that a broker that gets many replicas at once does not flood the bucket. */
    public TierBoundary boundary(TopicIdPartition partition, Executor loop) {
        ColdBoundary boundary = new ColdBoundary(work.cold(), partition, loop);
        return new TierBoundary() {
            @Override
            public CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted) {
                return inTurn(loop, () -> boundary.find(wanted));
            }

            @Override
            public CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted) {
                return inTurn(loop, () -> boundary.claim(leaderEpoch, wanted));
            }
        };
    }

    private <T> CompletableFuture<T> inTurn(Executor loop, Supplier<CompletableFuture<T>> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Turns.Turn turn = new Turns.Turn(loop, 0, () -> CompletableFuture.completedFuture(null).thenCompose(now -> question.get()).whenComplete((value, failure) -> {
            work.post(() -> work.opens().release(work.nowMs()));
            if (failure == null) {
                answer.complete(value);
            } else {
                answer.completeExceptionally(failure);
            }
        }));
        work.post(() -> work.opens().request(turn, work.nowMs()));
        return answer;
    }

    /**
     * Stops work on a partition; completes on its loop when nothing here changes the hot log any more, so that it may be closed or deleted. It never waits for the bucket:
     * an upload in flight is abandoned.
     *
     * @param deleteCold also delete its objects (topic deletion); that begins when the abandoned upload has ended, and goes on in the background until done
     */
    public CompletableFuture<Void> detach(TieredLog log, boolean deleteCold) {
        return sweepOf(log).remove(log).thenAccept(partition -> {
            if (deleteCold) { // by one broker of all
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

    /** Why a partition is not compacted any more, if so. Completes on its loop. */
    CompletableFuture<Optional<String>> notCompacted(TieredLog log) {
        return sweepOf(log).notCompacted(log);
    }

    /** Whether local disk use has passed the watermark, so that produce must be refused with a retriable error. A volatile read. */
    public boolean rejectsProduce() {
        return rejectsProduce;
    }

    /** Stops offloading at the next safe point; what is in flight is abandoned, leaving at most orphan objects. Blocks. */
    @Override
    public void close() {
        if (work.closed().compareAndSet(false, true)) {
            work.coldCompactions().closing().complete(null);
            work.scrubs().closing().complete(null);
            stopThreads.run();
        }
    }

    /** No interrupt: it would close the file a compaction is reading; that sees by itself that the worker is closed. */
    private static void shutDown(ThreadPoolExecutor threads) {
        threads.shutdown();
        threads.getQueue().clear();
        try {
            if (!threads.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                logger.atWarn().log("A thread of the retention worker did not end in time");
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
        work.localCompactions().tick(work.nowMs());
        work.coldCompactions().turns().grant(work.nowMs());
        work.scrubs().sweeps().grant(work.nowMs());
        work.scrubs().reads().grant(work.nowMs());
        work.scrubs().fetches().grant(work.nowMs());
        coldDeletions.look();
        topicSweep.ifPresent(TopicSweep::look);
        keepPlaces();
        sweeps.values().forEach(LoopSweep::start);
    }

    /** How far the scrub has come, now and then. */
    private void keepPlaces() {
        if (work.nowMs() >= nextPlacesMs && work.scrubs().config().scrubs() && keepsPlaces.compareAndSet(false, true)) {
            nextPlacesMs = work.nowMs() + PLACES_EVERY_MS;
            long leastMs = work.nowMs() - ScrubPlaces.KEPT_ROUNDS * work.scrubs().config().scrubIntervalMs();
            try {
                work.scrubs().thread().execute(() -> savePlaces(leastMs));
            } catch (RejectedExecutionException closing) {
                logger.debug("A closing worker keeps what it kept before");
            }
        }
    }

    private void savePlaces(long leastMs) {
        try {
            work.scrubs().places().save(leastMs);
        } finally {
            keepsPlaces.set(false);
        }
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
