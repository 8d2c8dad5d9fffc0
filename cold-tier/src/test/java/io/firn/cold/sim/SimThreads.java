package io.firn.cold.sim;

import io.firn.cold.ColdThreads;
import io.firn.cold.TimedExecutor;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/**
 * All executors and the clock of a simulated cold tier on the test's thread: tasks run when the test says so, in order or, with a seed, in any.
 */
public final class SimThreads implements TimedExecutor, InstantSource {

    private record Timed(long atMs, long sequence, Runnable task) {}

    private final List<Runnable> ready = new ArrayList<>();
    private final PriorityQueue<Timed> timed = new PriorityQueue<>(Comparator.comparingLong(Timed::atMs).thenComparingLong(Timed::sequence));
    private final RandomGenerator order;
    private long nowMs = 1_000_000;
    private long sequence;

    /** First in, first out. */
    public SimThreads() {
        this(null);
    }

    /** {@code order} draws which ready task runs next; in sequence if null. Only for code that does not rely on the order of its tasks. */
    public SimThreads(RandomGenerator order) {
        this.order = order;
    }

    public ColdThreads threads() {
        return new ColdThreads(this, this, this, () -> {});
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(nowMs);
    }

    @Override
    public void execute(Runnable task) {
        ready.add(task);
    }

    @Override
    public Runnable executeAfter(long delayMs, Runnable task) {
        Timed entry = new Timed(nowMs + delayMs, sequence++, task);
        timed.add(entry);
        return () -> timed.remove(entry);
    }

    /** Runs one task; false if none is ready. */
    public boolean step() {
        if (ready.isEmpty()) {
            return false;
        }
        ready.remove(order == null ? 0 : order.nextInt(ready.size())).run();
        return true;
    }

    /** Runs until nothing is ready; time stands still. */
    public void settle() {
        while (step()) {
            // next
        }
    }

    /** Lets time pass, and what it brings happen. */
    public void pass(long ms) {
        long until = nowMs + ms;
        settle();
        while (!timed.isEmpty() && timed.peek().atMs() <= until) {
            Timed due = timed.poll();
            nowMs = Math.max(nowMs, due.atMs());
            ready.add(due.task());
            settle();
        }
        nowMs = until;
    }

    /** Runs, time standing still, until {@code future} is done; fails the test if it is not when nothing is left to do. */
    public <T> T await(CompletableFuture<T> future) {
        while (!future.isDone() && step()) {
            // next
        }
        if (!future.isDone()) {
            throw new AssertionError("Nothing is left to do, and the future is not done");
        }
        return future.join();
    }
}
