package io.firn.cold;

import java.util.concurrent.Executor;

/**
 * An executor that runs one task after the other, never within {@link #execute}'s caller's own task, and can be told to wait: the clock of what is confined to it. On which thread is its own affair; each task sees what the ones before it wrote.
 *
 * <p>A simulator implements it on virtual time.
 */
public interface TimedExecutor extends Executor {

    /**
     * Runs {@code task} as {@link #execute} does, once {@code delayMs} have passed.
     *
     * @return cancels it if it has not begun; harmless otherwise
     */
    Runnable executeAfter(long delayMs, Runnable task);
}
