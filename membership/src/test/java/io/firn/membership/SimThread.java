package io.firn.membership;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** The metadata thread of one life of a broker on virtual time: it can be paused, and it can die. */
final class SimThread extends AbstractExecutorService implements Timer {

    private final SimTime time;
    private long pausedUntilMs;
    private boolean dead;
    private boolean shutdown;

    SimThread(SimTime time) {
        this.time = time;
    }

    void pause(long ms) {
        pausedUntilMs = Math.max(pausedUntilMs, time.nowMs() + ms);
    }

    boolean paused() {
        return pausedUntilMs > time.nowMs();
    }

    void die() {
        dead = true;
    }

    boolean alive() {
        return !dead && !shutdown;
    }

    @Override
    public long nowMs() {
        return time.nowMs();
    }

    @Override
    public void after(long delayMs, Runnable task) {
        time.after(delayMs, () -> {
            if (!shutdown) {
                runOrWait(task);
            }
        });
    }

    @Override
    public void execute(Runnable task) {
        if (shutdown) {
            throw new RejectedExecutionException("shut down");
        }
        time.after(0, () -> runOrWait(task));
    }

    private void runOrWait(Runnable task) {
        if (dead) {
            return;
        }
        if (paused()) {
            time.after(pausedUntilMs - time.nowMs(), () -> runOrWait(task));
        } else {
            task.run();
        }
    }

    @Override
    public void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        throw new UnsupportedOperationException("the metadata never drops its tasks");
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return shutdown;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return shutdown;
    }
}
