package io.firn.cold.read;

import java.util.ArrayDeque;

/**
 * Bounds the bytes on the heap of what has been asked for and is not there yet: who wants more waits in order, before it takes a place among the requests. What a read waits for goes first, and what is fetched ahead never has more than
 * half, so that it cannot be what a read waits behind.
 *
 * <p>Something larger than that goes by itself, and counts as all of it. The queues are bounded by who may ask: a tail or a page for each read in progress, and a few for each sequence.
 *
 * <p>Threading: confined to the reads thread.
 */
final class ArrivalBudget {

    /** Of the bytes, one part in so many may be of what is fetched ahead. */
    private static final int AHEAD_PART = 2;

    /** Bytes that somebody has, or waits for; to be given back once. */
    static final class Ticket {
        private final Runnable begin;
        private final long bytes;
        private boolean ahead;
        private boolean granted;

        private Ticket(long bytes, boolean ahead, Runnable begin) {
            this.bytes = bytes;
            this.ahead = ahead;
            this.begin = begin;
        }
    }

    private final long limitBytes;
    private final ArrayDeque<Ticket> demanded = new ArrayDeque<>();
    private final ArrayDeque<Ticket> ahead = new ArrayDeque<>();
    private long takenBytes;
    private long aheadBytes;

    ArrivalBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** For somebody who waits; {@code begin} runs once it has the bytes, which may be now. */
    Ticket demand(long bytes, Runnable begin) {
        return enter(demanded, new Ticket(Math.min(bytes, limitBytes), false, begin));
    }

    /** For somebody who does not wait; otherwise as {@link #demand}. */
    Ticket ahead(long bytes, Runnable begin) {
        return enter(ahead, new Ticket(Math.min(bytes, limitBytes / AHEAD_PART), true, begin));
    }

    private Ticket enter(ArrayDeque<Ticket> queue, Ticket ticket) {
        queue.add(ticket);
        pump();
        return ticket;
    }

    /** Somebody waits for it now. */
    void promote(Ticket ticket) {
        if (ticket.ahead) {
            ticket.ahead = false;
            if (ticket.granted) {
                aheadBytes -= ticket.bytes;
            } else {
                ahead.remove(ticket);
                demanded.add(ticket);
            }
            pump();
        }
    }

    /** What was granted is there, or will never be. */
    void giveBack(Ticket ticket) {
        takenBytes -= ticket.bytes;
        aheadBytes -= ticket.ahead ? ticket.bytes : 0;
        pump();
    }

    private void pump() {
        while (!demanded.isEmpty() && fits(demanded.peek())) {
            grant(demanded.poll());
        }
        while (demanded.isEmpty() && !ahead.isEmpty() && fits(ahead.peek()) && aheadBytes + ahead.peek().bytes <= limitBytes / AHEAD_PART) {
            grant(ahead.poll());
        }
    }

    private boolean fits(Ticket ticket) {
        return takenBytes + ticket.bytes <= limitBytes;
    }

    private void grant(Ticket ticket) {
        ticket.granted = true;
        takenBytes += ticket.bytes;
        aheadBytes += ticket.ahead ? ticket.bytes : 0;
        ticket.begin.run();
    }
}
