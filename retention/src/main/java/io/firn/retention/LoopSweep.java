package io.firn.retention;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at all partitions of one loop, a slice at a time so that the loop serves its sockets in between. A sweep that has not ended when
 * the next is due simply goes on: sweeps never pile up.
 *
 * <p>Threading: members are confined to the loop; {@link #start} may be called from any thread.
 */
final class LoopSweep {
    /** Partitions looked at in one message. */
    static final int SLICE = 64;

    private static final Logger logger = LoggerFactory.getLogger(LoopSweep.class);

    private final Executor loop;
    private final List<TieredPartition> members = new ArrayList<>();
    private final AtomicBoolean running = new AtomicBoolean();

    LoopSweep(Executor loop) {
        this.loop = loop;
    }

    void add(TieredPartition partition) {
        loop.execute(() -> {
            members.add(partition);
            guarded(partition, partition::begin);
        });
    }

    /** Completes on the loop when the partition changes its hot log no more; fails when it is not a member. */
    CompletableFuture<TieredPartition> remove(TieredLog log) {
        return with(log, partition -> {
            members.remove(partition);
            return partition.close().thenApply(done -> partition);
        });
    }

    /** Where a member's offload stands. */
    CompletableFuture<OffloadState> offloadState(TieredLog log) {
        return with(log, partition -> CompletableFuture.completedFuture(partition.offloadState()));
    }

    /** Why a member is not compacted any more, if so. */
    CompletableFuture<Optional<String>> notCompacted(TieredLog log) {
        return with(log, partition -> CompletableFuture.completedFuture(partition.notCompacted()));
    }

    private <T> CompletableFuture<T> with(TieredLog log, Function<TieredPartition, CompletableFuture<T>> action) {
        return CompletableFuture.supplyAsync(() -> members.stream().filter(p -> p.log() == log).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("not attached: " + log.hot().partition())), loop).thenComposeAsync(action, loop);
    }

    void start() {
        if (running.compareAndSet(false, true)) {
            try {
                loop.execute(() -> slice(0));
            } catch (RejectedExecutionException loopIsGone) {
                logger.debug("A sweep found its loop shut down");
            }
        }
    }

    private void slice(int from) {
        int to = Math.min(members.size(), from + SLICE);
        for (TieredPartition partition : from < to ? List.copyOf(members.subList(from, to)) : List.<TieredPartition>of()) {
            guarded(partition, partition::look);
        }
        if (to < members.size()) {
            loop.execute(() -> slice(to));
        } else {
            running.set(false);
        }
    }

    /** A bug in one partition stops that partition, not its neighbours. */
    private void guarded(TieredPartition partition, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException bug) {
            partition.fail(bug);
        }
    }
}
