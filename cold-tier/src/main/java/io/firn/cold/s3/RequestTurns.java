package io.firn.cold.s3;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Whose turn it is: bounds the requests in flight of one store, whichever of its two clients sends them, to the connections it may use; further ones wait in order, up to a number and for a time, and are
 * refused beyond.
 *
 * <p>Threading: confined to the event loop.
 */
final class RequestTurns {

    /** A request that waits for its turn. */
    interface Waiting {
        /** It is its turn: {@link RequestTurns#leave} is called once when it is over, however it ends. */
        void begin();

        /** It will never be its turn; nothing was sent. */
        void refuse(IOException why);

        /** Whether it has ended while it waited. */
        boolean over();
    }

    private record Entry(Waiting request, long deadlineNs) {}

    private final EventLoop loop;
    private final int waitingLimit;
    private final long patienceMs;
    private final ArrayDeque<Entry> waiting = new ArrayDeque<>();
    private int free;
    private boolean serving;
    private boolean timed;
    private boolean closed;

    RequestTurns(EventLoop loop, int atOnce, int waitingLimit, long patienceMs) {
        this.loop = loop;
        this.free = atOnce;
        this.waitingLimit = waitingLimit;
        this.patienceMs = patienceMs;
    }

    void enter(Waiting request) {
        if (closed) {
            request.refuse(new IOException("The client is closed"));
        } else if (free == 0 && waiting.size() >= waitingLimit) {
            request.refuse(new IOException(waitingLimit + " requests wait for a connection already"));
        } else {
            waiting.add(new Entry(request, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMs)));
            serve();
            watch();
        }
    }

    void leave() {
        free++;
        serve();
    }

    /** A loop and no recursion, as a request may be over before its beginning returns. */
    private void serve() {
        if (serving) {
            return;
        }
        serving = true;
        try {
            while (free > 0 && !waiting.isEmpty()) {
                Waiting next = waiting.remove().request();
                if (!next.over()) {
                    free--;
                    next.begin();
                }
            }
        } finally {
            serving = false;
        }
    }

    private void watch() {
        if (!timed && !waiting.isEmpty()) {
            timed = true;
            loop.schedule(this::expire, Math.max(0, waiting.peek().deadlineNs() - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }

    private void expire() {
        timed = false;
        long nowNs = System.nanoTime();
        while (!waiting.isEmpty() && waiting.peek().deadlineNs() - nowNs <= 0) {
            waiting.remove().request().refuse(new IOException("No connection was free for " + patienceMs + " ms"));
        }
        watch();
    }

    /** Refuses who waits and who comes later; those that have begun go on. */
    void close() {
        closed = true;
        while (!waiting.isEmpty()) {
            waiting.remove().request().refuse(new IOException("The client was closed"));
        }
    }
}
