package io.firn.it.harness;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Waits for a condition of another process, which cannot call us back: looks again every few milliseconds until it holds or the deadline has passed. */
public final class Await {

    /** For what takes milliseconds on an idle machine; generous, so that a busy one does not fail tests. */
    public static final Duration LONG = Duration.ofSeconds(60);

    private static final long LOOK_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private Await() {}

    /** Returns once {@code condition} is true; an exception of it counts as "not yet" and is told when time is up. */
    public static void until(String what, Callable<Boolean> condition) {
        until(what, LONG, condition);
    }

    public static void until(String what, Duration limit, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        Exception last = null;
        while (System.nanoTime() - deadline < 0) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
            } catch (Exception notYet) {
                last = notYet;
            }
            pause();
        }
        throw new AssertionError("Not within " + limit.toSeconds() + " s: " + what, last);
    }

    private static void pause() {
        LockSupport.parkNanos(LOOK_EVERY_NANOS);
        if (Thread.interrupted()) {
            throw new IllegalStateException("Interrupted while waiting");
        }
    }
}
