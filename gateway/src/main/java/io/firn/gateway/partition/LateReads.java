package io.firn.gateway.partition;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads of a partition's cold tier that outlast the fetches they were begun for. A client that gets something of other partitions asks again some hundred times a second, and each read of a store that does not answer holds memory until
 * its time is over; so a fetch takes over the read that others have left rather than begin another, and what it brings is that fetch's. What nobody waits for when it comes is released at once: it is in the cache then.
 *
 * <p><i>Invariant</i>: a read is begun only when fetches wait for all others at the offset whose {@linkplain ReadTerms terms} are good enough for the reader. So of readers with one isolation and one limit there are never more reads under way at an offset than twice
 * the fetches that have asked for it at a time: those with the first batch whatever its size, and those that were begun for what room was left, which do not do for a reader that has to get a batch.
 *
 * <p><b>Nobody starves.</b> A read may end just when no fetch waits, between two of them; and from the cache, where the next one finds its bytes, they may be evicted at once, or reads may have to queue for memory. So an offset where this
 * happens again and again is one to be patient with.
 *
 * <p>Bounded by the cold reads in progress, which end in time, each of them; and to {@value #OFFSETS} offsets to be patient with, the oldest is forgotten. Threading: confined to the partition's loop, but for {@link #served} and {@link #wasted}.
 */
public final class LateReads {

    private static final int OFFSETS = 64;

    /** Reads in a row that may end for nobody: one is how a distant store is read by who takes his time, two are too many. */
    private static final int WASTED_IN_A_ROW = 2;

    private final Map<Long, List<AwaitedRead>> left = new HashMap<>();
    private final Map<Long, Integer> wasted = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Integer> eldest) {
            return size() > OFFSETS;
        }
    });

    /** A read that was just begun, for a fetch that waits for it. {@code read} ends on the loop. */
    public AwaitedRead begin(long offset, ReadTerms terms, CompletableFuture<ColdArrival> read) {
        AwaitedRead begun = new AwaitedRead(this, offset, terms).claim();
        read.whenComplete(begun::end);
        return begun;
    }

    /** Nearly always, and each fetch of hot records asks. */
    public boolean isEmpty() {
        return left.isEmpty();
    }

    /** Of the reads at this offset that nobody waits for, and that a reader with these terms may be given, the one that may bring most: from now on the caller waits for it. */
    public Optional<AwaitedRead> claim(long offset, ReadTerms terms) {
        Optional<AwaitedRead> found = left.getOrDefault(offset, List.of()).stream().filter(read -> terms.allow(read.terms())).max(Comparator.comparingInt(read -> read.terms().maxBytes()));
        found.ifPresent(this::forget);
        return found.map(AwaitedRead::claim);
    }

    /** The fetch that waited is answered without it. To be told once by each that has begun or claimed it and has not seen it end. */
    public void leave(AwaitedRead read) {
        if (read.leave()) {
            left.computeIfAbsent(read.offset(), any -> new ArrayList<>(1)).add(read);
        }
    }

    /** It is no more among those that nobody waits for. */
    void forget(AwaitedRead read) {
        left.computeIfPresent(read.offset(), (offset, reads) -> reads.remove(read) && reads.isEmpty() ? null : reads);
    }

    /** Whether a read at this offset should be waited for, whatever else there is. */
    public boolean wantsPatience(long offset) {
        return wasted.getOrDefault(offset, 0) >= WASTED_IN_A_ROW;
    }

    /** What a read at this offset has brought came to nobody. From any thread. */
    public void wasted(long offset) {
        wasted.merge(offset, 1, Integer::sum);
    }

    /** It came to a fetch in time. From any thread. */
    public void served(long offset) {
        wasted.remove(offset);
    }
}
