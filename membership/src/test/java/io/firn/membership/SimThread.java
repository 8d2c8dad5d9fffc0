package io.firn.membership;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** The thread of one life of a broker on virtual time: it can be paused, it can die, and its monotonic clock may run a little faster or slower than time. */
public final class SimThread extends AbstractExecutorService implements Timer {

    private final SimTime time;
    private final double rate;
    private long pausedUntilMs;
    private boolean dead;
    private boolean shutdown;

    public SimThread(SimTime time) {
        this(time, 1);
    }

    /** @param rate of its clock: milliseconds it counts while one passes */
    public SimThread(SimTime time, double rate) {
        this.time = time;
        this.rate = rate;
    }

    public void pause(long ms) {
        pausedUntilMs = Math.max(pausedUntilMs, time.nowMs() + ms);
    }

    public boolean paused() {
        return pausedUntilMs > time.nowMs();
    }

    public void die() {
        dead = true;
    }

    public boolean alive() {
        return !dead && !shutdown;
    }

    @Override
    public long nowMs() {
        return (long) (time.nowMs() * rate);
    }

    @Override
    public void after(long delayMs, Runnable task) {
        time.after((long) Math.ceil(delayMs / rate), () -> {
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
