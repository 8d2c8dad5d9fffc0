package io.firn.cold.cache;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Bounds the requests in flight, and is fair: readers take turns, one request each; requests somebody waits for go before those made ahead.
 *
 * <p>Its length is bounded by what may be queued at all: the buffers of the pool, and one index request a read in progress. Threading: confined to the reads thread.
 */
public final class FetchQueue {

    /** A request that begins when its turn comes. */
    public static final class Fetch {
        private final Object reader;
        private final Runnable begin;
        private boolean over;

        Fetch(Object reader, Runnable begin) {
            this.reader = reader;
            this.begin = begin;
        }
    }

    private final int parallelism;
    private final Turns demanded = new Turns();
    private final Turns ahead = new Turns();
    /** Written by the reads thread, read by metrics. */
    private volatile int inFlight;

    public FetchQueue(int parallelism) {
        this.parallelism = parallelism;
    }

    /** A request somebody waits for. {@code begin} starts it; {@link #finished} has to be called once it ended, however it did. */
    public Fetch demand(Object reader, Runnable begin) {
        Fetch fetch = new Fetch(reader, begin);
        demanded.add(fetch);
        pump();
        return fetch;
    }

    Fetch ahead(Object reader, Runnable begin) {
        Fetch fetch = new Fetch(reader, begin);
        ahead.add(fetch);
        pump();
        return fetch;
    }

    /** Somebody waits for it now. */
    void promote(Fetch fetch) {
        if (!fetch.over) {
            demanded.add(fetch); // its place among those made ahead is passed over when it comes
            pump();
        }
    }

    /** Whether it was taken out before it began. */
    boolean cancel(Fetch fetch) {
        boolean cancelled = !fetch.over;
        fetch.over = true;
        return cancelled;
    }

    public void finished() {
        inFlight = inFlight - 1;
        pump();
    }

    public int inFlight() {
        return inFlight;
    }

    private void pump() {
        while (inFlight < parallelism) {
            Optional<Fetch> next = demanded.poll().or(ahead::poll);
            if (next.isEmpty()) {
                return;
            }
            next.get().over = true;
            inFlight = inFlight + 1;
            next.get().begin.run();
        }
    }

    /** Queues by reader, polled in turn. */
    private static final class Turns {
        private final Map<Object, ArrayDeque<Fetch>> byReader = new LinkedHashMap<>();

        void add(Fetch fetch) {
            byReader.computeIfAbsent(fetch.reader, reader -> new ArrayDeque<>()).add(fetch);
        }

        Optional<Fetch> poll() {
            while (!byReader.isEmpty()) {
                Map.Entry<Object, ArrayDeque<Fetch>> first = byReader.entrySet().iterator().next();
                byReader.remove(first.getKey());
                Fetch fetch = first.getValue().poll();
                if (!first.getValue().isEmpty()) {
                    byReader.put(first.getKey(), first.getValue());
                }
                if (!fetch.over) {
                    return Optional.of(fetch);
                }
            }
            return Optional.empty();
        }
    }
}
