package io.firn.retention;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * What the sweeps and scrubs of one worker share: one at a time, on one thread that may wait for the bucket, at a bounded rate.
 *
 * @param thread runs one step after the other
 * @param scratch for segments that are put together from local ones, or fetched from other replicas
 * @param sweeps turns to compare a partition with its manifest; reached only by message to the mailbox
 * @param reads turns to read on, each of {@code stepBytes}; reached only by message to the mailbox
 * @param fetches turns to fetch from other replicas, each of {@code stepBytes}; reached only by message to the mailbox
 * @param fetchPace pays with these turns; only the thread of the scrub
 * @param replicas who has other replicas; nobody until it is said
 * @param spareBytes free bytes of the disk beyond twice its watermark; any thread
 * @param closing done when the worker closes
 */
record Scrubs(ScrubConfig config, Executor thread, ScratchSpace scratch, ScrubPlaces places, ScrubMeters meters, Turns sweeps, Turns reads, Turns fetches, FetchPace fetchPace, long stepBytes,
        AtomicReference<ReplicaLogs> replicas, LongSupplier spareBytes, CompletableFuture<Void> closing) {
    /** Comparisons begun in a second, at most: a broker that has just been given ten thousand partitions must not flood the bucket. */
    static final int SWEEPS_PER_SECOND = 10;
    private static final int AT_ONCE = 1;
    private static final long LEAST_STEP_BYTES = 64 << 10;
    private static final long MOST_STEP_BYTES = 64 << 20;

    static Scrubs of(RetentionConfig config, ScratchSpace scratch, Executor thread, MeterRegistry meters) {
        ScrubConfig scrub = config.scrub();
        long stepBytes = Math.max(LEAST_STEP_BYTES, Math.min(MOST_STEP_BYTES, (long) (scrub.scrubBytesPerSecond() * (config.checkIntervalMs() / 1_000.0)))); // turns that time frees are given each check interval
        ScrubMeters scrubMeters = new ScrubMeters(meters);
        return new Scrubs(scrub, thread, scratch.beside("repair"), scratch.places(), scrubMeters, new Turns(AT_ONCE, UploadPace.of(SWEEPS_PER_SECOND)),
                new Turns(AT_ONCE, UploadPace.of(scrub.scrubBytesPerSecond())), new Turns(AT_ONCE, UploadPace.of(scrub.scrubBytesPerSecond())), new FetchPace(stepBytes, scrubMeters), stepBytes, new AtomicReference<>(ReplicaLogs.NONE),
                () -> config.usableBytes().getAsLong() - 2 * config.diskWatermarkBytes(), new CompletableFuture<>());
    }
}
