package io.firn.retention;

import io.firn.cold.ColdStore;
import io.firn.hot.HotLog;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * Seals, offloads and deletes, for all partitions of a broker, in the background.
 *
 * <p>Threading: thread-safe; it reaches a partition only by a message to its loop.
 */
public final class RetentionWorker implements AutoCloseable {

    private RetentionWorker() {}

    public static RetentionWorker start(RetentionConfig config, ColdStore cold, InstantSource clock, MeterRegistry meters) {
        throw new UnsupportedOperationException();
    }

    /**
     * Takes a partition into service: opens its cold log in the background (reads below the local start are {@link TieredRead.Unavailable} until then) and begins to offload.
     *
     * @param leaderEpoch epoch this broker leads the partition with
     * @param committedOffset asked on {@code loop}: nothing at or above it (high watermark and last stable offset) is offloaded or deleted by retention
     */
    public TieredLog attach(HotLog hot, TieredLogConfig config, int leaderEpoch, Executor loop, LongSupplier committedOffset) {
        throw new UnsupportedOperationException();
    }

    /** Stops work on a partition; completes when none is in flight. {@code deleteCold} also deletes its objects (topic deletion). */
    public CompletableFuture<Void> detach(TieredLog log, boolean deleteCold) {
        throw new UnsupportedOperationException();
    }

    /** Whether local disk use has passed the watermark, so that produce must be refused with a retriable error. A volatile read. */
    public boolean rejectsProduce() {
        throw new UnsupportedOperationException();
    }

    /** Stops offloading at the next safe point; what is in flight is abandoned, leaving at most orphan objects. Blocks. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
