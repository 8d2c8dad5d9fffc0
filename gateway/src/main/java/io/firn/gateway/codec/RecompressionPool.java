package io.firn.gateway.codec;

import io.firn.hot.AppendError;
import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where batches are rewritten. A broker without such topics has no thread here.
 *
 * <p>Limits: a fixed number of threads ({@link #threads}), each of which holds at most {@link Recompression#decompressedMax} and a result of little more than {@code max.message.bytes}. The queue needs
 * no limit of its own: a partition has one batch here at a time.
 *
 * <p>Threading: thread-safe.
 */
public final class RecompressionPool implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RecompressionPool.class);
    private static final long IDLE_S = 30;
    private static final long CLOSE_WAIT_MS = 10_000;

    private final Executor executor;
    private final Runnable stop;

    /** @param executor runs what may take some milliseconds; where a test steps by hand, a queue */
    public RecompressionPool(Executor executor, Runnable stop) {
        this.executor = executor;
        this.stop = stop;
    }

    /** As many threads as leave the event loops half of the processors, and the rest of the broker half of the heap; at least one. */
    public static int threads(int processors, long heapBytes) {
        long fit = heapBytes / 2 / (2L * Recompression.LEAST_DECOMPRESSED_MAX);
        return (int) Math.max(1, Math.min(processors / 2, fit));
    }

    /** A pool of threads, which begin with the first batch and end when idle. */
    public static RecompressionPool start(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "firn-recompress-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        pool.allowCoreThreadTimeOut(true);
        return new RecompressionPool(pool, () -> shutDown(pool));
    }

    /**
     * Rewrites {@code batch} as {@code choice} says. The bytes given must stay valid until the future is done, and are not changed.
     *
     * @param nowMs wall clock, for the bounds of timestamps
     * @return never fails; completes on any thread
     */
    public CompletableFuture<Rewritten> rewrite(RecordBuffers batch, HotLogConfig config, CompressionChoice choice, long nowMs) {
        CompletableFuture<Rewritten> done = new CompletableFuture<>();
        try {
            executor.execute(() -> done.complete(outcome(() -> new Recompression(config, choice, nowMs).of(batch))));
        } catch (RejectedExecutionException e) {
            done.complete(rejected(AppendError.OFFLINE, "the broker is stopping"));
        }
        return done;
    }

    /** Whatever {@code work} ends with: without an answer, the partition would wait for ever. */
    static Rewritten outcome(Supplier<Rewritten> work) {
        try {
            return work.get();
        } catch (RuntimeException | LinkageError e) {
            LOG.atError().setCause(e).log("A batch could not be rewritten in the topic's codec");
            return rejected(AppendError.INVALID_RECORD, "the batch could not be rewritten in the topic's codec: " + e);
        } catch (Error e) { // such as no memory: the batch may be rewritten the next time
            LOG.atError().setCause(e).log("A batch could not be rewritten in the topic's codec at this time");
            return rejected(AppendError.OFFLINE, "the batch could not be rewritten in the topic's codec at this time: " + e);
        }
    }

    private static Rewritten rejected(AppendError error, String message) {
        return Rewritten.of(new Rejected(error, message));
    }

    private static void shutDown(ThreadPoolExecutor pool) {
        pool.shutdown();
        try {
            if (!pool.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                LOG.atWarn().log("Batches are still being rewritten; they are left behind");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes no more; what is queued is done first. Blocks for at most some seconds. */
    @Override
    public void close() {
        stop.run();
    }
}
