package io.firn.cold;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of the cold tier, as a component: the real ones of {@link #start}, or a simulator's.
 *
 * @param reads confines chunk cache, read-ahead and every read in progress. It has a thread, but runs a task on the thread that brings it where it can, an event loop perhaps: so its tasks take
 *     microseconds, never block, and leave requests to the store to {@code work}
 * @param work requests to the store for reads, parsing, decompression, and the completion of the callers' futures
 * @param disk reads and writes the cache on local disk; may block on it
 * @param uploads reads local segments; may block on their disk
 * @param stop ends them; called once, by {@link ColdStore#close()}
 */
public record ColdThreads(TimedExecutor reads, Executor work, Executor disk, Executor uploads, Runnable stop) {

    private static final int WORK_THREADS = 2;

    /** One of them writes; what a disk does well is several reads at a time ({@code DiskLoads}). */
    private static final int DISK_THREADS = 4;

    private static final long STOP_WAIT_MS = 5_000;
    private static final Logger log = LoggerFactory.getLogger(ColdThreads.class);

    /** With the same threads for work and disk. */
    public ColdThreads(TimedExecutor reads, Executor work, Executor uploads, Runnable stop) {
        this(reads, work, work, uploads, stop);
    }

    /**
     * Starts the real ones, daemons, named {@code firn-cold-…}; those of {@code work}, {@code disk} and {@code uploads} end when idle. Their queues are as long as
     * the reads and appends in progress, which the callers bound.
     */
    public static ColdThreads start(int uploadParallelism) {
        ScheduledThreadPoolExecutor reads = new ScheduledThreadPoolExecutor(1, named("firn-cold-reads"));
        reads.setRemoveOnCancelPolicy(true);
        reads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        SerialExecutor serial = new SerialExecutor(reads);
        ExecutorService work = pool(WORK_THREADS, "firn-cold-work");
        ExecutorService disk = pool(DISK_THREADS, "firn-cold-disk");
        ExecutorService uploads = pool(uploadParallelism, "firn-cold-upload");
        return new ColdThreads(serial, work, disk, uploads, () -> {
            finishQueued(serial);
            reads.shutdown();
            work.shutdown();
            disk.shutdown();
            uploads.shutdownNow();
            await(reads);
            await(work);
            await(disk);
            await(uploads);
        });
    }

    /** The same outcome, delivered on {@code work}, bare of what dependent stages wrap; also after the threads have ended. */
    <T> CompletableFuture<T> onWork(CompletableFuture<T> outcome) {
        CompletableFuture<T> delivered = new CompletableFuture<>();
        outcome.whenComplete((value, failure) -> {
            Runnable deliver = () -> {
                if (failure != null) {
                    delivered.completeExceptionally(ColdStoreException.unwrap(failure));
                } else {
                    delivered.complete(value);
                }
            };
            try {
                work.execute(deliver);
            } catch (RejectedExecutionException closing) {
                deliver.run(); // nobody may be left waiting
            }
        });
        return delivered;
    }

    private static ExecutorService pool(int threads, String name) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named(name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static ThreadFactory named(String name) {
        AtomicInteger count = new AtomicInteger();
        ThreadFactory factory = Executors.defaultThreadFactory();
        return task -> {
            Thread thread = factory.newThread(task);
            thread.setName(name + "-" + count.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** A shutdown drops what is queued, the failing of reads in progress among it: let that happen first. */
    private static void finishQueued(SerialExecutor reads) {
        CompletableFuture<Void> finished = new CompletableFuture<>();
        try {
            reads.execute(() -> finished.complete(null));
            finished.get(STOP_WAIT_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            log.atWarn().addKeyValue("error", e.toString()).log("The cold tier's thread did not finish its work before the end");
        }
    }

    private static void await(ExecutorService pool) {
        try {
            if (!pool.awaitTermination(STOP_WAIT_MS, TimeUnit.MILLISECONDS)) {
                pool.shutdownNow();
            }
        } catch (InterruptedException e) {
            pool.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
