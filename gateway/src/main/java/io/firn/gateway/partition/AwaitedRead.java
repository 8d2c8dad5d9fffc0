package io.firn.gateway.partition;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A read of the cold tier under way, and the one fetch that waits for it, if any does.
 *
 * <p><i>Invariant</i>: what it brings, or why it failed, is told to the fetch that waits when it ends, and to no other; if none does, it is released.
 *
 * <p>Threading: confined to the partition's loop, where the read ends, too; only {@link #arrival} may be waited for elsewhere.
 */
public final class AwaitedRead {

    private final LateReads reads;
    private final long offset;
    private final ReadTerms terms;
    private Optional<CompletableFuture<ColdArrival>> waiting = Optional.empty();
    private boolean ended;

    AwaitedRead(LateReads reads, long offset, ReadTerms terms) {
        this.reads = reads;
        this.offset = offset;
        this.terms = terms;
    }

    /** For the fetch that waits now: completes once, with what is its own then, unless it {@linkplain LateReads#leave leaves} before. */
    public CompletableFuture<ColdArrival> arrival() {
        return waiting.orElseThrow();
    }

    /** A fetch begins to wait. */
    AwaitedRead claim() {
        waiting = Optional.of(new CompletableFuture<>());
        return this;
    }

    /** Nobody waits any more; whether the read goes on. */
    boolean leave() {
        waiting = Optional.empty();
        return !ended;
    }

    void end(ColdArrival arrival, Throwable failure) {
        ended = true;
        if (waiting.isEmpty()) {
            reads.forget(this);
            if (failure == null) {
                arrival.read().release();
                reads.wasted(offset);
            }
        } else if (failure == null) {
            waiting.get().complete(arrival);
        } else {
            waiting.get().completeExceptionally(failure);
        }
    }

    long offset() {
        return offset;
    }

    ReadTerms terms() {
        return terms;
    }
}
