package io.firn.hot;

import io.firn.hot.flush.Flusher;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/**
 * A {@link HotStore} without threads: the loop, the I/O pool and the flusher are queues that {@link #run} and {@link #step} empty in the
 * calling thread, one piece after the other. Time stands still unless moved.
 */
public final class SteppedStore {

    public static final Path DIRECTORY = Path.of("/sim/hot");
    public static final TopicIdPartition PARTITION = new TopicIdPartition(new Uuid(7, 7), 0, "topic");

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final Flusher flusher;
    private final HotStore store;
    private boolean dead;
    public long nowMs = 1_000_000;
    public final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    public SteppedStore(Disk disk, Durability durability) {
        this(disk, DIRECTORY, durability, 1 << 20);
    }

    public SteppedStore(Disk disk, Path path, Durability durability, long maxDirtyBytes) {
        HotMeters meters = new HotMeters(registry);
        HotStoreConfig config = new HotStoreConfig(path, durability, 0, 2, 3_600_000, maxDirtyBytes);
        this.flusher = new Flusher(0, () -> 0, meters);
        StoreThreads threads = new StoreThreads(executor(), flusher, () -> {});
        this.directory = StoreDirectory.open(disk, path);
        this.store = new HotStore(config, directory, threads, () -> java.time.Instant.ofEpochMilli(nowMs), meters);
    }

    private final StoreDirectory directory;

    public HotStore store() {
        return store;
    }

    public Executor executor() {
        return task -> {
            if (!dead) {
                tasks.add(task);
            }
        };
    }

    public HotLog open(HotLogConfig config) {
        return open(PARTITION, config);
    }

    public HotLog open(TopicIdPartition partition, HotLogConfig config) {
        return finish(store.openOrCreate(partition, config, executor()));
    }

    /** Pieces of work that wait. */
    public int waiting() {
        return tasks.size();
    }

    /** Runs one piece of work; false if there was none. Without one to run, does a round of forcing. */
    public boolean step() {
        Runnable task = tasks.poll();
        if (task == null) {
            return flusher.runRound() > 0;
        }
        task.run();
        return true;
    }

    /** Runs until nothing is left to do. */
    public void run() {
        while (step()) {
            // Each step does its own work.
        }
    }

    /** Does a round of forcing before anything else that waits. */
    public void forceNow() {
        flusher.runRound();
    }

    /** Runs everything but forcing. */
    public void runWithoutForcing() {
        while (!tasks.isEmpty()) {
            tasks.poll().run();
        }
    }

    public <T> T finish(CompletableFuture<T> future) {
        while (!future.isDone() && step()) {
            // Each step does its own work.
        }
        if (!future.isDone()) {
            throw new AssertionError("nothing left to do, and the future is not done");
        }
        return future.join();
    }

    /** Clean shutdown; whether it was clean. */
    public boolean close() {
        boolean clean = finish(store.closeLogs());
        run();
        directory.close(clean);
        dead = true;
        return clean;
    }

    /** The process is gone: nothing queued ever runs. The disk is told separately. */
    public void die() {
        dead = true;
        tasks.clear();
    }
}
