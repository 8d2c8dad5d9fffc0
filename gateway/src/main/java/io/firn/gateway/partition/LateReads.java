package io.firn.gateway.partition;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Reads of a partition's cold tier that are still under way though the fetch they are for has been answered without them. The next fetch at that offset waits for the one there is: a client that gets something of other partitions
 * asks again some hundred times a second, and each read of a store that does not answer holds memory until its time is over.
 *
 * <p><b>Nobody starves.</b> What a late read brings is in the cache for the next fetch, unless it is evicted at once, or reads have to queue for memory. So an offset that several reads were left at is one to be patient with.
 *
 * <p>Bounded by the cold reads in progress, which forget themselves when they end, as each of them does in time; and to {@value #OFFSETS} offsets to be patient with, the oldest is forgotten. Thread-safe.
 */
public final class LateReads {

    private static final int OFFSETS = 64;

    /** Reads that may be left in a row: one is how a distant store is read, two are too many. */
    private static final int LEFT_IN_A_ROW = 2;

    private final Map<Long, CompletableFuture<?>> byOffset = new ConcurrentHashMap<>();
    private final Map<Long, Integer> left = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Integer> eldest) {
            return size() > OFFSETS;
        }
    });

    /** A read that nobody waits for any more. */
    public void add(long offset, CompletableFuture<?> read) {
        left.merge(offset, 1, Integer::sum);
        byOffset.put(offset, read);
        read.whenComplete((found, failure) -> byOffset.remove(offset, read));
    }

    /** The one at this offset that is still under way. */
    public Optional<CompletableFuture<?>> at(long offset) {
        if (byOffset.isEmpty()) {
            return Optional.empty(); // nearly always, and each fetch of hot records asks
        }
        CompletableFuture<?> read = byOffset.get(offset);
        return read == null || read.isDone() ? Optional.empty() : Optional.of(read);
    }

    /** Whether a read at this offset should be waited for, as those before it were not. */
    public boolean wantsPatience(long offset) {
        return left.getOrDefault(offset, 0) >= LEFT_IN_A_ROW;
    }

    /** A read at this offset was waited for. */
    public void served(long offset) {
        left.remove(offset);
    }
}
