package io.firn.cold.cache;

import io.firn.cold.TimedExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** Threads of a disk that can be told to hang: what they are given then happens when it answers; or to be slow. */
final class SimDiskThreads implements Executor {

    private final TimedExecutor threads;
    private final List<Runnable> hung = new ArrayList<>();
    private boolean hanging;
    private long tookMs;

    SimDiskThreads(TimedExecutor threads) {
        this.threads = threads;
    }

    void hang() {
        hanging = true;
    }

    /** Each task takes so long from now on, however many there are. */
    void slow(long eachMs) {
        tookMs = eachMs;
    }

    int hung() {
        return hung.size();
    }

    /** What hangs longest goes on, so much of it; the disk hangs on. */
    void answer(int tasks) {
        List<Runnable> first = hung.subList(0, tasks);
        first.forEach(threads::execute);
        first.clear();
    }

    /** All that hangs goes on. */
    void answer() {
        hanging = false;
        hung.forEach(threads::execute);
        hung.clear();
    }

    @Override
    public void execute(Runnable task) {
        if (hanging) {
            hung.add(task);
        } else if (tookMs > 0) {
            threads.executeAfter(tookMs, task);
        } else {
            threads.execute(task);
        }
    }
}
