package io.firn.hot;

import io.firn.hot.flush.Flusher;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of a store: the I/O pool and the flusher. A test gives its own, and steps them by hand.
 *
 * @param stop ends them after what was submitted is done; blocks
 */
record StoreThreads(Executor io, Flusher flusher, Runnable stop) {

    private static final long IDLE_SECONDS = 30;
    private static final long STOP_TIMEOUT_SECONDS = 60;

    /** The pool's queue is bounded by its users: per log one piece of ordered work, and what readers wait for. Idle threads end. */
    static StoreThreads start(int ioThreads, Flusher flusher) {
        AtomicInteger number = new AtomicInteger();
        ThreadFactory names = task -> new Thread(task, "hot-io-" + number.incrementAndGet());
        ThreadPoolExecutor io = new ThreadPoolExecutor(ioThreads, ioThreads, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), names);
        io.allowCoreThreadTimeOut(true);
        flusher.start();
        return new StoreThreads(io, flusher, () -> stop(flusher, io));
    }

    private static void stop(Flusher flusher, ThreadPoolExecutor io) {
        flusher.close();
        io.shutdown();
        try {
            io.awaitTermination(STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
