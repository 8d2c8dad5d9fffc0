package io.firn.retention;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * What the cold compactions and merges of one worker share: one at a time, on one thread that may wait for the bucket.
 *
 * @param thread runs one pass after the other
 * @param turns reached only by message to the mailbox
 * @param lookEveryMs how often it is asked whether a partition is due, as that looks at every segment: by default Kafka's {@code log.cleaner.backoff.ms}
 * @param mergeBytes most bytes of a segment that small ones are merged into; 0: they are not
 * @param closing done when the worker closes
 */
record ColdCompactions(Executor thread, ScratchSpace scratch, long memoryBytes, Turns turns, long lookEveryMs, long mergeBytes, CompletableFuture<Void> closing) {
    static final int AT_ONCE = 1;

    /** Check intervals between two looks. */
    private static final int LOOK_EVERY = 15;

    static ColdCompactions of(RetentionConfig config, ScratchSpace scratch, Executor thread) {
        return new ColdCompactions(thread, scratch, config.compaction().memoryBytes(), new Turns(AT_ONCE, UploadPace.of(0)), LOOK_EVERY * config.checkIntervalMs(), config.mergeBytes(), new CompletableFuture<>());
    }
}
