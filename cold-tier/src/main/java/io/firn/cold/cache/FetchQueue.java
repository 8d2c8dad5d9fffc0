package io.firn.cold.cache;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Bounds the requests in flight, and is fair: readers take turns, one request each; requests somebody waits for go before those made ahead, which never take all that may be in flight. So a read that
 * has to wait finds a free place even when every reader's read-ahead is under way.
 *
 * <p>Its length is bounded by what may be queued at all: the buffers of the pool, one index request a read in progress, and a few that a sequence of reads makes ahead. Threading: confined to the reads thread.
 */
public final class FetchQueue {

    /** Of so many requests in flight one, and one at least, is none that was made ahead. */
    private static final int DEMANDED_PART = 8;

    /** A request that begins when its turn comes. */
    public static final class Fetch {
        private final Object reader;
        private final Consumer<Runnable> begin;
        /** Whether somebody waits for it. */
        private boolean wanted;
        private boolean over;

        Fetch(Object reader, boolean wanted, Consumer<Runnable> begin) {
            this.reader = reader;
            this.wanted = wanted;
            this.begin = begin;
        }
    }

    private final int parallelism;
    private final int aheadLimit;
    private final Turns demanded = new Turns();
    private final Turns ahead = new Turns();
    /** Written by the reads thread, read by metrics. */
    private volatile int inFlight;
    private int aheadInFlight;

    public FetchQueue(int parallelism) {
        this.parallelism = parallelism;
        this.aheadLimit = parallelism == 1 ? 1 : parallelism - Math.max(1, parallelism / DEMANDED_PART);
    }

    /** A request somebody waits for. {@code begin} starts it, and runs what it is given on the reads thread once the request has ended, however it did. */
    public Fetch demand(Object reader, Consumer<Runnable> begin) {
        return add(demanded, new Fetch(reader, true, begin));
    }

    /** A request nobody waits for yet; otherwise as {@link #demand}. */
    public Fetch ahead(Object reader, Consumer<Runnable> begin) {
        return add(ahead, new Fetch(reader, false, begin));
    }

    private Fetch add(Turns turns, Fetch fetch) {
        turns.add(fetch);
        pump();
        return fetch;
    }

    /** Somebody waits for it now. */
    public void promote(Fetch fetch) {
        if (!fetch.over && !fetch.wanted) {
            fetch.wanted = true;
            add(demanded, fetch); // its place among those made ahead is passed over when it comes
        }
    }

    /** Takes a request made ahead out before it has begun; false if it has, or if somebody waits for it. */
    boolean cancel(Fetch fetch) {
        boolean cancelled = !fetch.over && !fetch.wanted;
        fetch.over |= cancelled;
        return cancelled;
    }

    public int inFlight() {
        return inFlight;
    }

    private void pump() {
        while (inFlight < parallelism) {
            Optional<Fetch> wanted = demanded.poll();
            Optional<Fetch> next = wanted.isEmpty() && aheadInFlight < aheadLimit ? ahead.poll() : wanted;
            if (next.isEmpty()) {
                return;
            }
            begin(next.get(), wanted.isEmpty() ? 1 : 0);
        }
    }

    private void begin(Fetch fetch, int madeAhead) {
        fetch.over = true;
        inFlight = inFlight + 1;
        aheadInFlight += madeAhead;
        fetch.begin.accept(() -> {
            inFlight = inFlight - 1;
            aheadInFlight -= madeAhead;
            pump();
        });
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
