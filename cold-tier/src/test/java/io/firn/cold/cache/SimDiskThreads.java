package io.firn.cold.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** Threads of a disk that can be told to hang: what they are given then happens when it answers. */
final class SimDiskThreads implements Executor {

    private final Executor threads;
    private final List<Runnable> hung = new ArrayList<>();
    private boolean hanging;

    SimDiskThreads(Executor threads) {
        this.threads = threads;
    }

    void hang() {
        hanging = true;
    }

    int hung() {
        return hung.size();
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
        } else {
            threads.execute(task);
        }
    }
}
