package io.firn.gateway.partition;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads of a partition's cold tier that are still under way though the fetch they are for has been answered without them. The next fetch at that offset waits for the one there is: a client that gets something of other partitions
 * asks again some hundred times a second, and each read of a store that does not answer holds memory until its time is over.
 *
 * <p>Bounded by the cold reads in progress, which forget themselves when they end; each of them ends in time. Thread-safe.
 */
public final class LateReads {

    private final Map<Long, CompletableFuture<?>> byOffset = new ConcurrentHashMap<>();

    /** A read that nobody waits for any more. */
    public void add(long offset, CompletableFuture<?> read) {
        byOffset.put(offset, read);
        read.whenComplete((found, failure) -> byOffset.remove(offset, read));
    }

    /** The one at this offset that is still under way. */
    public Optional<CompletableFuture<?>> at(long offset) {
        return Optional.ofNullable(byOffset.get(offset));
    }
}
