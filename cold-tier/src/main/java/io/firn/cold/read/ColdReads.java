package io.firn.cold.read;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.ObjectStore;
import io.firn.cold.cache.BufferPool;
import io.firn.cold.cache.Chunk;
import io.firn.cold.cache.ChunkCache;
import io.firn.cold.cache.DiskCache;
import io.firn.cold.cache.DiskLimits;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.PinBudget;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.cache.RegionDirectory;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.manifest.PageSource;
import io.firn.cold.manifest.SegmentLookup;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentIndexes;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;

/**
 * All cold reads of a broker: the cache they share, the requests they take turns with, and the door to the thread that owns both.
 *
 * <p><b>Memory</b>: {@code cacheBytes} are shared out by {@link ColdStoreConfig}: some keep indexes, the rest are chunks. Manifest pages have {@code pageCacheBytes} of their own.
 *
 * <p><b>Time</b>: a read ends, one way or the other, within {@code requestTimeoutMs × retryMaxAttempts}: the time the store below is given for one request.
 *
 * <p>Threading: {@link #read}, {@link #indexes}, {@link #pages} and a run's release from any thread; they bring tasks to the reads thread, which owns the rest. Reads complete on
 * the executor their caller names, indexes and pages on {@code work}.
 */
public final class ColdReads {

    /** A read gets at most this part of the pins, unless a single batch needs more. */
    static final int READS_AT_ONCE = 4;

    /** Reads that wait or work; further ones are refused as Unavailable. */
    private static final int IN_PROGRESS_LIMIT = 10_000;

    private final ColdThreads threads;
    private final ColdMeters meters;
    private final long deadlineMs;
    private final int chunkBytes;
    private final DiskCache disk;
    private final ChunkCache cache;
    private final IndexCache indexes;
    private final PageCache pages;
    private final ReadSequences sequences;
    private final Set<ReadTask> inProgress = new HashSet<>();
    /** Who waits for the indexes of a segment, or a page. */
    private final Set<CompletableFuture<?>> asked = new HashSet<>();
    private boolean closed;

    public ColdReads(ColdStoreConfig config, ObjectStore objects, InstantSource clock, ColdThreads threads, ColdMeters meters) {
        this.threads = threads;
        this.meters = meters;
        this.deadlineMs = config.requestTimeoutMs() * config.retryMaxAttempts();
        this.chunkBytes = config.chunkBytes();
        FetchQueue fetches = new FetchQueue(config.readParallelism());
        RangedGets gets = new RangedGets(objects, threads.work(), meters);
        this.disk = disk(config, clock, threads, meters);
        this.cache = new ChunkCache(gets, threads, meters, new BufferPool(config.chunkBytes(), config.cacheChunks(), clock), fetches, disk);
        this.indexes = new IndexCache(gets, threads, fetches, config.indexBytes());
        this.pages = new PageCache(gets, threads, fetches, meters, config.pageCacheBytes());
        this.sequences = new ReadSequences(cache, indexes, clock, this::inFurtherTask, config.chunkBytes(), config.readAheadBytes());
        meters.gauge("firn.cold.cache.used.bytes", "Chunk buffers in use, cached chunks included", () -> (long) cache.pool().usedUnits() * config.chunkBytes());
        meters.gauge("firn.cold.cache.reserved.bytes", "Chunk buffers that reads have reserved", () -> (long) cache.pins().takenUnits() * config.chunkBytes());
        meters.gauge("firn.cold.cache.index.bytes", "Segment indexes in memory", indexes::keptBytes);
        meters.gauge("firn.cold.disk.used.bytes", "Chunks on the local disk", disk::usedBytes);
        meters.gauge("firn.cold.cache.page.bytes", "Manifest pages in memory", pages::keptBytes);
        meters.gauge("firn.cold.gets.in.flight", "Ranged reads in flight", fetches::inFlight);
    }

    private static DiskCache disk(ColdStoreConfig config, InstantSource clock, ColdThreads threads, ColdMeters meters) {
        return config.disk()
                .map(disk -> DiskCache.open(new RegionDirectory(disk.directory()), new DiskLimits(disk.bytes(), config.chunkBytes(), disk.leastUsableBytes(), disk.writeBytesPerSecond()), clock, threads, meters))
                .orElseGet(() -> DiskCache.none(threads, meters));
    }

    /** The pages of a partition's manifests, out of the cache or by one request each; for any thread. */
    public PageSource pages(TopicIdPartition partition, PartitionKeys keys) {
        return reference -> asked(() -> "a manifest page of " + partition, result -> pages.get(keys, partition, reference));
    }

    /** What a manifest names, to be read and searched. */
    public LiveSegments live(TopicIdPartition partition, PartitionKeys keys, ManifestContent content) {
        return new LiveSegments(partition, keys, new SegmentLookup(content, pages.here(keys, partition)), new SegmentLookup(content, pages(partition, keys)));
    }

    /** Fails with {@link ColdStoreException}; completes on the request's executor. */
    public CompletableFuture<BatchRun> read(ReadRequest request) {
        CompletableFuture<BatchRun> result = new CompletableFuture<>();
        onReadsThread(result, request.completion(), () -> {
            if (inProgress.size() >= IN_PROGRESS_LIMIT) {
                hand(new ColdStoreException.Unavailable("More than " + IN_PROGRESS_LIMIT + " cold reads are in progress", null), result, request.completion());
                return;
            }
            ReadTask task = new ReadTask(this, request, result);
            inProgress.add(task);
            task.start();
        });
        return result;
    }

    /** The indexes of a segment, out of the cache or by one request. Fails with {@link ColdStoreException}. */
    public CompletableFuture<SegmentIndexes> indexes(TopicIdPartition partition, LiveSegment segment) {
        return asked(() -> "the indexes of " + segment.key(), result -> indexes.get(partition, segment, result));
    }

    /** Asks on the reads thread, for an answer on {@code work}: within the time of a read, and before the end. */
    private <V> CompletableFuture<V> asked(Supplier<String> what, Function<CompletableFuture<V>, CompletableFuture<V>> question) {
        CompletableFuture<V> result = new CompletableFuture<>();
        onReadsThread(result, threads.work(), () -> {
            asked.add(result);
            Runnable cancel = threads.reads().executeAfter(deadlineMs, () -> {
                asked.remove(result);
                hand(new ColdStoreException.Unavailable("No answer for " + what.get() + " within " + deadlineMs + " ms", null), result, threads.work());
            });
            question.apply(result).whenComplete((found, failure) -> {
                cancel.run();
                asked.remove(result);
                if (failure != null) {
                    hand(failure, result, threads.work());
                } else {
                    complete(threads.work(), () -> result.complete(found));
                }
            });
        });
        return result;
    }

    private void onReadsThread(CompletableFuture<?> result, Executor completion, Runnable task) {
        try {
            threads.reads().execute(() -> {
                if (closed) {
                    hand(closedError(), result, completion);
                } else {
                    task.run();
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(closedError());
        }
    }

    private static ColdStoreException closedError() {
        return new ColdStoreException.Unavailable("The cold tier is closed", null);
    }

    /** Fails what is in progress; later reads fail at once. */
    public void close() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        onReadsThread(done, threads.work(), () -> {
            closed = true;
            List.copyOf(inProgress).forEach(task -> task.fail(closedError()));
            asked.forEach(result -> hand(closedError(), result, threads.work()));
            disk.close();
            done.complete(null);
        });
    }

    /** For tests and metrics; on the reads thread. */
    public ReadsInUse inUse() {
        return new ReadsInUse(inProgress.size(), cache.pinned(), cache.pins().takenUnits(), cache.pool().usedUnits(), cache.pool().madeUnits(), cache.unreadUnits(), indexes.keptBytes(), sequences.size());
    }

    // For the tasks, on the reads thread

    void ended(ReadTask task) {
        inProgress.remove(task);
    }

    /** The reader has done with its bytes, and is about to ask for more: now there is time to fetch ahead for it. */
    void release(List<Chunk> chunks, PinBudget.Ticket ticket, Optional<ReadSequence> next) {
        try {
            threads.reads().execute(() -> {
                chunks.forEach(cache::unpin);
                cache.pins().giveBack(ticket);
                next.ifPresent(sequences::fetchAhead);
            });
        } catch (RejectedExecutionException e) {
            return; // closed: the buffers go with the store
        }
    }

    /** Goes on in a task of its own that may make memory again. It is brought by {@code work}, so that it is rarely an event loop which does that. */
    void inFurtherTask(Runnable task) {
        try {
            threads.work().execute(() -> bring(() -> {
                cache.pool().beginTask();
                task.run();
            }));
        } catch (RejectedExecutionException e) {
            return; // closed: what is in progress has been failed
        }
    }

    private void bring(Runnable task) {
        try {
            threads.reads().execute(task);
        } catch (RejectedExecutionException e) {
            return; // as above
        }
    }

    void hand(BatchRun run, CompletableFuture<BatchRun> result, Executor completion) {
        complete(completion, () -> {
            if (!result.complete(run)) {
                run.release().run(); // the caller has cancelled
            }
        });
    }

    void hand(Throwable failure, CompletableFuture<?> result, Executor completion) {
        Throwable cause = ColdStoreException.unwrap(failure);
        complete(completion, () -> result.completeExceptionally(cause));
    }

    private static void complete(Executor executor, Runnable completion) {
        try {
            executor.execute(completion);
        } catch (RejectedExecutionException closing) {
            completion.run(); // nobody may be left waiting
        }
    }

    ColdThreads threads() {
        return threads;
    }

    ColdMeters meters() {
        return meters;
    }

    long deadlineMs() {
        return deadlineMs;
    }

    /** Of the segments that are written now; older ones may have others. */
    int chunkBytes() {
        return chunkBytes;
    }

    ChunkCache cache() {
        return cache;
    }

    IndexCache indexes() {
        return indexes;
    }

    ReadSequences sequences() {
        return sequences;
    }
}
