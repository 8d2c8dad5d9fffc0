package io.firn.it.simulation;

import io.firn.cold.TimedExecutor;
import io.firn.membership.SimThread;
import io.firn.membership.SimTime;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.LongSupplier;

/** One thread of a process: a task after the other, each after as long as such a task may take. Ends with the process and stands still with it. */
final class Lane implements TimedExecutor {

    private final SimTime time;
    private final SimThread process;
    private final LongSupplier durationMs;
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private long busyUntilMs;

    Lane(SimTime time, SimThread process, LongSupplier durationMs) {
        this.time = time;
        this.process = process;
        this.durationMs = durationMs;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        busyUntilMs = Math.max(busyUntilMs, time.nowMs()) + durationMs.getAsLong();
        process.after(busyUntilMs - time.nowMs(), () -> tasks.remove().run());
    }

    @Override
    public Runnable executeAfter(long delayMs, Runnable task) {
        boolean[] cancelled = new boolean[1];
        process.after(delayMs, () -> execute(() -> {
            if (!cancelled[0]) {
                task.run();
            }
        }));
        return () -> cancelled[0] = true;
    }
}
