package io.firn.hot.log;

import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * Reads of one log on the I/O pool that need no order among each other. An I/O error, corruption above all, takes the log offline.
 *
 * <p>Threading: {@link #run} is called on the loop, and its future completes there.
 */
public final class Background {

    private final LogState state;

    public Background(LogState state) {
        this.state = state;
    }

    /** Work that may block, with a buffer lent to it. */
    public interface Work<T> {
        T run(ByteBuffer buffer) throws IOException;
    }

    /** Runs {@code work} while {@code files} are kept open. */
    public <T> CompletableFuture<T> run(List<SegmentFile> files, Work<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        if (!state.isServing()) {
            future.completeExceptionally(new IOException(state.offlineReason()));
            return future;
        }
        files.forEach(SegmentFile::retain);
        try {
            state.context().io().execute(() -> perform(files, work, future));
        } catch (RejectedExecutionException e) {
            files.forEach(SegmentFile::release);
            future.completeExceptionally(new IOException("the store is closed", e));
        }
        return future;
    }

    private <T> void perform(List<SegmentFile> files, Work<T> work, CompletableFuture<T> future) {
        ByteBuffer buffer = state.context().buffers().take();
        try {
            T result = work.run(buffer);
            deliver(() -> future.complete(result));
        } catch (Throwable e) {
            // Also an error of the machine: whoever waits has to be told.
            deliver(() -> {
                state.onReadFailure(files, e);
                future.completeExceptionally(e);
            });
        } finally {
            state.context().buffers().give(buffer);
            files.forEach(SegmentFile::release);
        }
    }

    private void deliver(Runnable delivery) {
        try {
            state.context().loop().execute(delivery);
        } catch (RejectedExecutionException e) {
            // The loop has ended, and with it whoever could run beside this: deliver here.
            delivery.run();
        }
    }
}
