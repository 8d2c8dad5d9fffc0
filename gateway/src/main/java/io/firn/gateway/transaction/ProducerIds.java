package io.firn.gateway.transaction;

import io.firn.gateway.api.ErrorMapping;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.apache.kafka.common.errors.CoordinatorLoadInProgressException;

/**
 * Hands out producer ids from blocks that the controller allocates, and fetches the next block before the present one runs out.
 *
 * <p>Ids are never given twice: a block is used by one broker only, and what is left of it when the broker stops is lost (ids are 63 bits wide).
 *
 * <p>Limits: {@link #MAX_WAITING} callers wait for a block; further ones get a retriable error. One allocation is in flight at a time.
 *
 * <p>Threading: the state is confined to {@code executor}, a single thread or an event loop; {@link #next} may be called from anywhere, its futures complete there.
 */
public final class ProducerIds {
    /** Ids in a block; Kafka's {@code ProducerIdsBlock} has the same size. */
    static final int BLOCK = 1_000;
    /** Ids left when the next block is asked for. */
    static final int PREFETCH_AT = BLOCK / 10;
    static final int MAX_WAITING = 10_000;

    private final Executor executor;
    private final Function<Command, CompletableFuture<ClusterView>> submit;
    private final Queue<CompletableFuture<Long>> waiting = new ArrayDeque<>();
    private Block current = Block.EMPTY;
    private Block following = Block.EMPTY;
    private boolean allocating;

    public ProducerIds(Executor executor, Function<Command, CompletableFuture<ClusterView>> submit) {
        this.executor = executor;
        this.submit = submit;
    }

    private record Block(long next, long end) {
        static final Block EMPTY = new Block(0, 0);

        long left() {
            return end - next;
        }
    }

    /** The next id; fails with what the allocation failed with, all of which is retriable. */
    public CompletableFuture<Long> next() {
        CompletableFuture<Long> id = new CompletableFuture<>();
        executor.execute(() -> take(id));
        return id;
    }

    private void take(CompletableFuture<Long> id) {
        if (current.left() == 0) {
            current = following;
            following = Block.EMPTY;
        }
        if (current.left() > 0) {
            id.complete(current.next());
            current = new Block(current.next() + 1, current.end());
        } else if (waiting.size() < MAX_WAITING) {
            waiting.add(id);
        } else {
            id.completeExceptionally(new CoordinatorLoadInProgressException("Too many producers wait for an id."));
        }
        if (!allocating && following.left() == 0 && current.left() <= PREFETCH_AT) {
            allocate();
        }
    }

    private void allocate() {
        allocating = true;
        submit.apply(new Command.AllocateProducerIds(BLOCK)).whenComplete((view, failure) -> executor.execute(() -> allocated(view, failure)));
    }

    private void allocated(ClusterView view, Throwable failure) {
        allocating = false;
        if (failure == null) {
            following = new Block(view.nextProducerId() - BLOCK, view.nextProducerId());
        }
        // Exactly those that wait now: with a new block they are served (or wait for the one after it), with a failure each learns of it.
        for (int left = waiting.size(); left > 0; left--) {
            CompletableFuture<Long> id = waiting.remove();
            if (failure == null) {
                take(id);
            } else {
                id.completeExceptionally(ErrorMapping.unwrap(failure));
            }
        }
    }
}
