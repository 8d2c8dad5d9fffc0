package io.firn.gateway.api;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Runs something later. A port, so that time is virtual in simulations and tests. Thread-safe. */
@FunctionalInterface
public interface Timer {

    /** Runs {@code task} once, no earlier than {@code delayMs} from now (1 or more), on a thread that must not be blocked; the answer cancels it if it has not run. */
    Runnable after(long delayMs, Runnable task);

    /** On an event loop, say. */
    static Timer on(ScheduledExecutorService executor) {
        return (delayMs, task) -> {
            ScheduledFuture<?> scheduled = executor.schedule(task, delayMs, TimeUnit.MILLISECONDS);
            return () -> scheduled.cancel(false);
        };
    }
}
