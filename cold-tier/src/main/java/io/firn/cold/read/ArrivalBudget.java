package io.firn.cold.read;

import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;

/**
 * Bounds the bytes on the heap of what has been asked for and is not there yet: who wants more waits in order, before it takes a place among the requests. What a read waits for goes first, and what is fetched ahead never has more than
 * half. Nor is it what a read waits behind: its requests come last, so while nothing else that is waited for is on its way, the next one goes, however much is fetched ahead.
 *
 * <p>Something larger than its bound goes all the same: by itself if it is fetched ahead, beside that alone if it is waited for. So no more is on its way than the limit, or the largest and half of the limit. The queues are bounded by who may ask: a tail or a page for each read in
 * progress, and a few for each sequence, those included that are given up while they wait.
 *
 * <p>Threading: confined to the reads thread.
 */
final class ArrivalBudget {

    /** Of the bytes, one part in so many may be of what is fetched ahead. */
    private static final int AHEAD_PART = 2;

    /** Bytes that somebody has, or waits for; to be given back once. */
    static final class Ticket {
        private final BooleanSupplier begin;
        private final long bytes;
        private boolean ahead;
        private boolean granted;

        private Ticket(long bytes, boolean ahead, BooleanSupplier begin) {
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

    /** For somebody who waits; {@code begin} runs once it has the bytes, which may be now, and says whether it wants them still. */
    Ticket demand(long bytes, BooleanSupplier begin) {
        return enter(demanded, new Ticket(bytes, false, begin));
    }

    /** For somebody who does not wait; otherwise as {@link #demand}. */
    Ticket ahead(long bytes, BooleanSupplier begin) {
        return enter(ahead, new Ticket(bytes, true, begin));
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
        take(ticket, -1);
        pump();
    }

    private void pump() {
        while (!demanded.isEmpty() && (takenBytes == aheadBytes || fits(demanded.peek()))) {
            grant(demanded.poll());
        }
        while (demanded.isEmpty() && !ahead.isEmpty() && (takenBytes == 0 || fits(ahead.peek()) && aheadBytes + ahead.peek().bytes <= limitBytes / AHEAD_PART)) {
            grant(ahead.poll());
        }
    }

    private boolean fits(Ticket ticket) {
        return takenBytes + ticket.bytes <= limitBytes;
    }

    private void grant(Ticket ticket) {
        ticket.granted = true;
        take(ticket, 1);
        if (!ticket.begin.getAsBoolean()) {
            take(ticket, -1);
        }
    }

    private void take(Ticket ticket, int sign) {
        takenBytes += sign * ticket.bytes;
        aheadBytes += ticket.ahead ? sign * ticket.bytes : 0;
    }
}
