package io.firn.gateway.rig;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Waits for what has to happen, and fails the test with its name when it does not. */
public final class Await {

    private static final long DEADLINE_S = 20;

    private Await() {}

    public static <T> T get(CompletableFuture<T> future) {
        try {
            return future.get(DEADLINE_S, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("future", e);
        }
    }

    /** Asks again and again, on the caller's thread. */
    public static void until(String what, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        try {
            while (!condition.call()) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError("not within " + DEADLINE_S + " s: " + what);
                }
                Thread.yield();
            }
        } catch (Exception e) {
            throw new AssertionError(what, e);
        }
    }
}
