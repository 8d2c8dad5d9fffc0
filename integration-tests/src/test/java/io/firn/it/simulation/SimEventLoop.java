package io.firn.it.simulation;

import io.netty.channel.AbstractEventLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/** The event loop of a process on virtual time, without sockets. */
final class SimEventLoop extends AbstractEventLoop {

    private final Lane lane;
    private final Runnable afterEach;

    /** @param afterEach run after each task */
    SimEventLoop(Lane lane, Runnable afterEach) {
        this.lane = lane;
        this.afterEach = afterEach;
    }

    @Override
    public void execute(Runnable task) {
        lane.execute(() -> {
            task.run();
            afterEach.run();
        });
    }

    private static final class Scheduled<V> extends DefaultPromise<V> implements ScheduledFuture<V> {
        private Runnable cancel = () -> {};

        Scheduled(EventExecutor loop) {
            super(loop);
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            cancel.run();
            return super.cancel(mayInterrupt);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int compareTo(Delayed other) {
            throw new UnsupportedOperationException();
        }
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        Scheduled<V> scheduled = new Scheduled<>(this);
        scheduled.cancel = lane.executeAfter(unit.toMillis(delay), () -> {
            try {
                scheduled.trySuccess(task.call());
            } catch (Exception e) {
                scheduled.tryFailure(e);
            }
            afterEach.run();
        });
        return scheduled;
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return schedule(() -> {
            task.run();
            return null;
        }, delay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
        Scheduled<Void> scheduled = new Scheduled<>(this);
        repeat(scheduled, task, unit.toMillis(initialDelay), unit.toMillis(period));
        return scheduled;
    }

    private void repeat(Scheduled<Void> scheduled, Runnable task, long delayMs, long periodMs) {
        scheduled.cancel = lane.executeAfter(delayMs, () -> {
            task.run();
            afterEach.run();
            repeat(scheduled, task, periodMs, periodMs);
        });
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long initialDelay, long delay, TimeUnit unit) {
        return scheduleAtFixedRate(task, initialDelay, delay, unit);
    }

    /** There is one thread. */
    @Override
    public boolean inEventLoop(Thread thread) {
        return true;
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        throw new UnsupportedOperationException("it ends with its process");
    }

    @Override
    public Future<?> terminationFuture() {
        return GlobalEventExecutor.INSTANCE.newPromise();
    }

    @Override
    @Deprecated
    public void shutdown() {
        throw new UnsupportedOperationException("it ends with its process");
    }

    @Override
    public ChannelFuture register(Channel channel) {
        throw new UnsupportedOperationException("there are no sockets");
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        throw new UnsupportedOperationException("there are no sockets");
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        throw new UnsupportedOperationException("there are no sockets");
    }
}
