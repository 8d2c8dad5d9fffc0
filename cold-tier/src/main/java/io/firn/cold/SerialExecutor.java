package io.firn.cold;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One task at a time, on the thread that brings it if no other is running just then. What takes a few microseconds needs no wake-up of another thread, which costs more than that; and nobody ever
 * waits for a turn: who finds a task running leaves its own behind.
 *
 * <pre>
 *   execute ─▶ queue ─▶ pending 0 → 1: runs it here, and up to {@value #HERE} in all ─▶ more left: the own thread goes on
 *                 └───▶ pending n → n+1: whoever runs will come to it
 * </pre>
 *
 * <p><b>Invariants.</b> Tasks run in the order they were brought, one after the other: each sees what the ones before it wrote. A task brought by a task runs after it, not within. {@code pending} counts
 * those that are queued or running; who raises it from zero runs, until it is zero again or somebody else has taken over.
 *
 * <p>Threading: thread-safe, without a lock. The own thread runs what is left over and what was timed; it owns nothing else. Tasks must not block, as they may run on an event loop.
 */
final class SerialExecutor implements TimedExecutor {

    /** Most tasks that a thread runs for having brought the first of them. */
    static final int HERE = 4;

    /** Most tasks that the own thread runs before it looks at the time. */
    private static final int AT_ONCE = 1000;

    private static final Logger log = LoggerFactory.getLogger(SerialExecutor.class);

    private final ScheduledExecutorService own;
    private final Queue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pending = new AtomicInteger();

    /** @param own one thread; once it is shut down, further tasks are rejected */
    SerialExecutor(ScheduledExecutorService own) {
        this.own = own;
    }

    @Override
    public void execute(Runnable task) {
        if (own.isShutdown()) {
            throw new RejectedExecutionException("closed");
        }
        queue.add(task);
        if (pending.getAndIncrement() == 0) {
            run(HERE);
        }
    }

    private void run(int most) {
        for (int count = 1; ; count++) {
            runLogged(queue.remove());
            if (pending.decrementAndGet() == 0) {
                return;
            }
            if (count == most && handedOver()) {
                return;
            }
        }
    }

    private boolean handedOver() {
        try {
            own.execute(() -> run(AT_ONCE));
            return true;
        } catch (RejectedExecutionException closed) {
            return false; // what was accepted is run
        }
    }

    /** Nobody looks at what a task throws, and whatever it is, the next ones have to run. */
    private static void runLogged(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            log.atError().setCause(t).log("A bug in the cold tier: a task of its reads failed");
        }
    }

    @Override
    public Runnable executeAfter(long delayMs, Runnable task) {
        Timed timed = new Timed(task);
        try {
            var scheduled = own.schedule(() -> due(timed), delayMs, TimeUnit.MILLISECONDS);
            return () -> {
                timed.cancelled = true;
                scheduled.cancel(false);
            };
        } catch (RejectedExecutionException closed) {
            return () -> {}; // nothing that could expire is left
        }
    }

    private void due(Timed timed) {
        if (!own.isShutdown()) {
            execute(timed);
        }
    }

    /** A task that may be cancelled while it waits for its turn, too. */
    private static final class Timed implements Runnable {
        private final Runnable task;
        private volatile boolean cancelled;

        Timed(Runnable task) {
            this.task = task;
        }

        @Override
        public void run() {
            if (!cancelled) {
                task.run();
            }
        }
    }
}
