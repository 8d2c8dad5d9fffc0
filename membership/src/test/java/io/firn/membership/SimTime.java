package io.firn.membership;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/** Virtual time: what is to happen, in order. One thread, the test's. */
public final class SimTime {

    private record Event(long atMs, long number, Runnable task) {}

    private final PriorityQueue<Event> events = new PriorityQueue<>(Comparator.comparingLong(Event::atMs).thenComparingLong(Event::number));
    private final RandomGenerator random;
    private long nowMs = 1_000;
    private long number;

    public SimTime(RandomGenerator random) {
        this.random = random;
    }

    public long nowMs() {
        return nowMs;
    }

    /** Events so far, those to come included. */
    public long events() {
        return number;
    }

    public RandomGenerator random() {
        return random;
    }

    public void after(long delayMs, Runnable task) {
        events.add(new Event(nowMs + delayMs, number++, task));
    }

    public boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    /** Runs everything up to a moment; {@code check} after each event. */
    public void runUntil(long endMs, Runnable check) {
        while (!events.isEmpty() && events.peek().atMs() <= endMs) {
            Event next = events.remove();
            nowMs = next.atMs();
            next.task().run();
            check.run();
        }
        nowMs = endMs;
    }
}
