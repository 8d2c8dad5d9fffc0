package io.firn.gateway.api;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Runs something later. A port, so that time is virtual in simulations and tests. Thread-safe. */
@FunctionalInterface
public interface Timer {

    /** Runs {@code task} once, no earlier than {@code delayMs} from now (1 or more), on a thread that must not be blocked; the answer cancels it if it has not run. */
    Runnable after(long delayMs, Runnable task);

    /** On an event loop. */
    static Timer on(EventLoop loop) {
        return (delayMs, task) -> {
            ScheduledFuture<?> scheduled = loop.schedule(task, delayMs, TimeUnit.MILLISECONDS);
            return () -> scheduled.cancel(false);
        };
    }
}
