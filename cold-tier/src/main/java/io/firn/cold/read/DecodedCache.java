package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What was decoded from a part of an object, by the object's key: each fetched by one request, however many want it, and once more if it is damaged; bounded by bytes, least recently used out first. As many
 * bytes again may be on their way ({@link ArrivalBudget}), however many requests there may be: tails of large segments are megabytes each. What somebody uses comes on top, so nobody holds on to it while he waits for something else.
 *
 * <p>Threading: confined to the reads thread; decoding runs on {@code work}.
 */
final class DecodedCache<V> {

    /**
     * Where something is to be had.
     *
     * @param decode of its bytes; fails with {@link ColdStoreException.Corrupt}
     */
    record Source<V>(String key, long position, int sizeBytes, Function<ByteBuffer, V> decode) {}

    /** What is on its way, or waits for the memory it takes: then there is no {@code fetch} yet. */
    private static final class Arrival<V> {
        private final CompletableFuture<V> result = new CompletableFuture<>();
        private ArrivalBudget.Ticket ticket;
        private Optional<FetchQueue.Fetch> fetch = Optional.empty();
        /** Whether somebody waits for it. */
        private boolean wanted;
        /** Whether those are still there for whom it is fetched ahead. */
        private final List<BooleanSupplier> followers = new ArrayList<>();

        private boolean abandoned() {
            return !wanted && followers.stream().noneMatch(BooleanSupplier::getAsBoolean);
        }
    }

    private final RangedGets gets;
    private final ColdThreads threads;
    private final FetchQueue fetches;
    private final long limitBytes;
    private final ToLongFunction<V> weightBytes;
    private final Runnable requested;
    private final ArrivalBudget budget;
    private final Map<String, V> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Arrival<V>> onTheirWay = new HashMap<>();
    /** Written by the reads thread, read by metrics. */
    private volatile long keptBytes;

    /** @param requested told of each request */
    DecodedCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, long limitBytes, ToLongFunction<V> weightBytes, Runnable requested) {
        this.gets = gets;
        this.threads = threads;
        this.fetches = fetches;
        this.limitBytes = limitBytes;
        this.budget = new ArrivalBudget(limitBytes);
        this.weightBytes = weightBytes;
        this.requested = requested;
    }

    Optional<V> ifPresent(String key) {
        return Optional.ofNullable(kept.get(key));
    }

    /**
     * Completes on the reads thread, at once if it is kept; fails with {@link ColdStoreException}.
     *
     * @param reader whose turn a request takes; empty for one of its own
     */
    CompletableFuture<V> get(Source<V> source, Optional<Object> reader) {
        V present = kept.get(source.key());
        if (present != null) {
            return CompletableFuture.completedFuture(present);
        }
        Arrival<V> arrival = onTheirWay.get(source.key());
        if (arrival == null) {
            return demand(source, reader);
        }
        arrival.wanted = true;
        budget.promote(arrival.ticket);
        arrival.fetch.ifPresent(fetches::promote);
        return arrival.result;
    }

    private CompletableFuture<V> demand(Source<V> source, Optional<Object> reader) {
        Arrival<V> arrival = enter(source);
        arrival.wanted = true;
        arrival.ticket = budget.demand(source.sizeBytes(), () -> fetch(source, arrival, reader.orElse(arrival)));
        return arrival.result;
    }

    /**
     * {@link #get} for somebody who does not wait: what is waited for goes first, and a later {@link #get} brings it forward.
     *
     * @param followed whether the reader is still there: else it fails, when its turn comes
     */
    CompletableFuture<V> ahead(Source<V> source, Object reader, BooleanSupplier followed) {
        if (kept.containsKey(source.key())) {
            return CompletableFuture.completedFuture(kept.get(source.key()));
        }
        Arrival<V> present = onTheirWay.get(source.key());
        if (present != null) {
            present.followers.add(followed);
            return present.result;
        }
        Arrival<V> arrival = enter(source);
        arrival.followers.add(followed);
        arrival.ticket = budget.ahead(source.sizeBytes(), () -> fetch(source, arrival, reader));
        return arrival.result;
    }

    private Arrival<V> enter(Source<V> source) {
        Arrival<V> arrival = new Arrival<>();
        onTheirWay.put(source.key(), arrival);
        return arrival;
    }

    /** False if nobody wants it any more. */
    private boolean fetch(Source<V> source, Arrival<V> arrival, Object reader) {
        if (arrival.abandoned()) {
            onTheirWay.remove(source.key());
            arrival.result.completeExceptionally(new ColdStoreException.Unavailable("Nobody reads on to " + source.key() + " any more", null));
            return false;
        }
        Consumer<Runnable> begin = done -> begin(source, arrival, done, true);
        arrival.fetch = Optional.of(arrival.wanted ? fetches.demand(reader, begin) : fetches.ahead(reader, begin));
        return true;
    }

    private void begin(Source<V> source, Arrival<V> arrival, Runnable done, boolean mayRepeat) {
        ByteBuffer bytes = ByteBuffer.allocate(source.sizeBytes());
        requested.run();
        gets.get(source.key(), source.position(), bytes).thenApplyAsync(nothing -> source.decode().apply(bytes), threads.work()).whenCompleteAsync((value, failure) -> {
            done.run();
            arrived(source, arrival, value, failure, mayRepeat);
        }, threads.reads());
    }

    private void arrived(Source<V> source, Arrival<V> arrival, V value, Throwable failure, boolean mayRepeat) {
        Throwable cause = ColdStoreException.unwrap(failure);
        if (cause instanceof ColdStoreException.Corrupt && mayRepeat) {
            fetches.demand(arrival, done -> begin(source, arrival, done, false)); // damaged on the way, perhaps: once more
            return;
        }
        onTheirWay.remove(source.key());
        budget.giveBack(arrival.ticket);
        if (cause != null) {
            arrival.result.completeExceptionally(cause);
            return;
        }
        keep(source.key(), value);
        arrival.result.complete(value);
    }

    private void keep(String key, V value) {
        kept.put(key, value);
        keptBytes = keptBytes + weightBytes.applyAsLong(value);
        for (Iterator<V> eldest = kept.values().iterator(); keptBytes > limitBytes && eldest.hasNext(); ) {
            keptBytes = keptBytes - weightBytes.applyAsLong(eldest.next());
            eldest.remove();
        }
    }

    long keptBytes() {
        return keptBytes;
    }
}
