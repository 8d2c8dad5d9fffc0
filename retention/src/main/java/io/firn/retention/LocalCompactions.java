package io.firn.retention;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * What the local compactions of one worker share.
 *
 * @param threads run the steps of passes; they may block on the disk
 * @param turns for passes, and {@code steps} for the parts of each, at the allowed rate; both reached only by message to the mailbox
 * @param spareBytes free bytes of the disk beyond its watermark; any thread
 */
record LocalCompactions(Executor threads, CompactionTurns turns, Turns steps, long memoryBytes, LongSupplier spareBytes, CompactionMeters meters) {

    static LocalCompactions of(RetentionConfig config, Executor threads, MeterRegistry meters) {
        CompactionLimits limits = config.compaction();
        return new LocalCompactions(threads, new CompactionTurns(limits.threads()), new Turns(limits.threads(), UploadPace.of(limits.bytesPerSecond())), limits.memoryBytes(),
                () -> config.usableBytes().getAsLong() - config.diskWatermarkBytes(), new CompactionMeters(meters));
    }

    /** Each check interval, on the mailbox. */
    void tick(long nowMs) {
        meters.waiting(turns);
        turns.grant();
        steps.grant(nowMs);
    }
}
