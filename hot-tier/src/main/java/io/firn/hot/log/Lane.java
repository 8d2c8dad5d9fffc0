package io.firn.hot.log;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * The file work of one log, one piece after the other, on the I/O pool; results come back on the loop, in the same order.
 *
 * <p>Its queue holds what the log itself has asked for: one roll, the settling of sealed segments, and calls of the log's owner. A roll
 * that waits behind a slow settling is the back-pressure: appends wait with it.
 *
 * <p>Threading: {@link #submit} is called on the loop. Each piece of work sees what earlier ones did.
 */
public final class Lane {

    private final Executor io;
    private final Executor loop;
    private final ArrayDeque<Piece<?>> queue = new ArrayDeque<>();
    private boolean running;

    public Lane(Executor io, Executor loop) {
        this.io = io;
        this.loop = loop;
    }

    /** Work that may block. */
    public interface Work<T> {
        T run() throws IOException;
    }

    /** Runs {@code work} after all submitted before it. The future completes on the loop, before that of any later work; a failure is its exception. */
    public <T> CompletableFuture<T> submit(Work<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        queue.add(new Piece<>(work, future));
        if (!running) {
            startNext();
        }
        return future;
    }

    private void startNext() {
        Piece<?> next = queue.poll();
        running = next != null;
        if (running) {
            start(next);
        }
    }

    private void start(Piece<?> piece) {
        try {
            io.execute(() -> run(piece));
        } catch (RejectedExecutionException e) {
            running = false;
            piece.future.completeExceptionally(new IOException("the store is closed", e));
            startNext();
        }
    }

    private void run(Piece<?> piece) {
        Runnable result = piece.run();
        Runnable delivery = () -> {
            result.run();
            startNext();
        };
        try {
            loop.execute(delivery);
        } catch (RejectedExecutionException e) {
            // The loop has ended, and with it whoever could run beside this: deliver here.
            delivery.run();
        }
    }

    private record Piece<T>(Work<T> work, CompletableFuture<T> future) {

        /** Does the work; what it returns delivers the result. */
        Runnable run() {
            try {
                T result = work.run();
                return () -> future.complete(result);
            } catch (Throwable e) {
                // Also an error of the machine: whoever waits has to be told, or the log waits for ever.
                return () -> future.completeExceptionally(e);
            }
        }
    }
}
