package io.firn.gateway.share;

import io.firn.gateway.api.Timer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Time for locks that stands still until the test moves it. Thread-safe. */
final class ManualTimer implements Timer {
    private final List<Due> pending = new ArrayList<>();
    private long nowMs = 1_000_000;

    private record Due(long atMs, Runnable task) {}

    synchronized long nowMs() {
        return nowMs;
    }

    synchronized int pending() {
        return pending.size();
    }

    @Override
    public synchronized Runnable after(long delayMs, Runnable task) {
        Due due = new Due(nowMs + delayMs, task);
        pending.add(due);
        return () -> cancel(due);
    }

    private synchronized void cancel(Due due) {
        pending.remove(due);
    }

    void advanceMs(long ms) {
        due(ms).forEach(one -> one.task().run());
    }

    private synchronized List<Due> due(long ms) {
        nowMs += ms;
        List<Due> now = pending.stream().filter(one -> one.atMs() <= nowMs).sorted(Comparator.comparingLong(Due::atMs)).toList();
        pending.removeAll(now);
        return now;
    }
}
