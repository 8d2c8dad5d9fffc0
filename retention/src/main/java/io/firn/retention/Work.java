package io.firn.retention;

import io.firn.cold.ColdStore;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the partitions of one worker share. Thread-safe; {@link Turns} are reached only by message to the mailbox.
 *
 * @param mailbox the worker's one thread
 * @param random thread-safe source in [0, 1) for the jitter of retries
 * @param localCompactions what local compactions share
 * @param coldCompactions what compactions of the cold tier share
 * @param scrubs what sweeps and scrubs of the cold tier share
 * @param earlyBytes bytes that the disk watermark wants freed and no partition has taken on yet
 */
record Work(ColdStore cold, InstantSource clock, DoubleSupplier random, RetentionMeters meters, Executor mailbox, Turns opens, Turns uploads,
        LocalCompactions localCompactions, ColdCompactions coldCompactions, Scrubs scrubs, AtomicLong earlyBytes, AtomicBoolean closed) {
    private static final Logger log = LoggerFactory.getLogger(Work.class);

    long nowMs() {
        return clock.millis();
    }

    Turns turnsFor(OffloadState.Work work) {
        return work == OffloadState.Work.OPEN ? opens : uploads;
    }

    /** Runs {@code message} on the mailbox; dropped when the worker has been closed. */
    void post(Runnable message) {
        try {
            mailbox.execute(message);
        } catch (RejectedExecutionException afterClose) {
            log.debug("A message to a closed retention worker was dropped");
        }
    }
}
