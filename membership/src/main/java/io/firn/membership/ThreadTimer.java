package io.firn.membership;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The metadata thread's own clock and timers. Thread-safe. */
final class ThreadTimer implements Timer {

    private static final Logger LOGGER = LoggerFactory.getLogger(ThreadTimer.class);

    private final ScheduledExecutorService thread;

    ThreadTimer(ScheduledExecutorService thread) {
        this.thread = thread;
    }

    @Override
    public long nowMs() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }

    @Override
    public void after(long delayMs, Runnable task) {
        try {
            thread.schedule(task, delayMs, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOGGER.atDebug().log("The metadata thread has ended");
        }
    }
}
