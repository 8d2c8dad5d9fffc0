package io.firn.hot.flush;

import io.firn.hot.HotMeters;
import io.firn.hot.flush.FlushTarget.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forces the logs of one disk in rounds. A round takes every log that has asked, forces each one's files, and sends each event
 * loop one message with all its results. Rounds begin no closer together than the tick; the first after idling begins at once.
 *
 * <p>The queue holds each log at most once, so its limit is the number of logs.
 *
 * <p>Threading: {@link #request} is called by any loop; rounds run on one thread: the one started by {@link #start()}, or the one that calls
 * {@link #runRound()} where a test steps by hand. When idle the thread is parked, and nothing wakes it but a request.
 */
public final class Flusher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Flusher.class);

    private final long tickNanos;
    private final LongSupplier nanoTime;
    private final HotMeters meters;
    private final ConcurrentLinkedQueue<FlushTarget> queue = new ConcurrentLinkedQueue<>();
    private final Thread thread = new Thread(this::run, "hot-flusher");
    private volatile boolean parked;
    private volatile boolean stopping;

    public Flusher(int tickMs, LongSupplier nanoTime, HotMeters meters) {
        this.tickNanos = TimeUnit.MILLISECONDS.toNanos(tickMs);
        this.nanoTime = nanoTime;
        this.meters = meters;
    }

    public Flusher start() {
        thread.start();
        return this;
    }

    void request(FlushTarget target) {
        queue.add(target);
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        long lastRound = nanoTime.getAsLong() - tickNanos;
        while (!stopping || !queue.isEmpty()) {
            if (queue.isEmpty()) {
                awaitRequest();
                continue;
            }
            long waitNanos = tickNanos - (nanoTime.getAsLong() - lastRound);
            if (waitNanos > 0 && !stopping) {
                LockSupport.parkNanos(waitNanos);
                continue;
            }
            lastRound = nanoTime.getAsLong();
            runRound();
        }
    }

    /** The flag is set before the queue is looked at again, and requests look at the flag after the queue: no wake-up is lost. */
    private void awaitRequest() {
        parked = true;
        if (queue.isEmpty() && !stopping) {
            LockSupport.park(this);
        }
        parked = false;
    }

    /** One round over all logs that have asked until now; returns how many. */
    public int runRound() {
        Map<Executor, List<Outcome>> byLoop = new LinkedHashMap<>();
        int targets = 0;
        for (FlushTarget target = queue.poll(); target != null; target = queue.poll()) {
            long began = nanoTime.getAsLong();
            byLoop.computeIfAbsent(target.loop(), loop -> new ArrayList<>()).add(target.force());
            meters.flushed(nanoTime.getAsLong() - began);
            targets++;
        }
        byLoop.forEach(Flusher::deliver);
        return targets;
    }

    private static void deliver(Executor loop, List<Outcome> outcomes) {
        try {
            loop.execute(() -> outcomes.forEach(Flusher::deliver));
        } catch (RejectedExecutionException e) {
            LOG.atWarn().addKeyValue("logs", outcomes.size()).setCause(e).log("event loop is gone; its logs do not learn that they were forced");
        }
    }

    /** What goes wrong at one log's listener must not keep the others' results from them. */
    private static void deliver(Outcome outcome) {
        try {
            outcome.deliver();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("a log's listener failed when told what is durable");
        }
    }

    /** Runs the rounds that were asked for, then ends the thread. Blocks. */
    @Override
    public void close() {
        stopping = true;
        LockSupport.unpark(thread);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
