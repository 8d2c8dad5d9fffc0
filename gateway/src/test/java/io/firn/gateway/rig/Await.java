package io.firn.gateway.rig;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Waits for what has to happen, and fails the test with its name when it does not. */
public final class Await {

    private static final long DEADLINE_S = 60;

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

    /** Asks again and again, on the caller's thread, and gives the first answer that satisfies {@code condition}. */
    public static <T> T until(Supplier<T> question, Predicate<T> condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_S);
        T answer = question.get();
        while (!condition.test(answer)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + DEADLINE_S + " s; last answer: " + answer);
            }
            LockSupport.parkNanos(1_000_000);
            answer = question.get();
        }
        return answer;
    }
}
