package io.firn.cold.cache;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Bounds the chunks that reads hold, so that a read that was let in always gets its buffers and two reads never wait for each other's.
 *
 * <p>First come, first served: a large request is not overtaken by small ones for ever. The queue is bounded by the reads in progress, each of
 * which gives up at its own deadline. Threading: confined to the reads thread.
 */
public final class PinBudget {

    /** A request for units; {@link #granted} completes when it has them. */
    public static final class Ticket {
        private final int units;
        private final CompletableFuture<Void> granted = new CompletableFuture<>();
        private boolean returned;

        private Ticket(int units) {
            this.units = units;
        }

        public CompletableFuture<Void> granted() {
            return granted;
        }

        public int units() {
            return units;
        }
    }

    private final int capacityUnits;
    private final Runnable recall;
    private final ArrayDeque<Ticket> waiting = new ArrayDeque<>();
    /** Written by the reads thread, read by metrics. */
    private volatile int takenUnits;

    public PinBudget(int capacityUnits) {
        this(capacityUnits, () -> {});
    }

    /** @param recall gives back what was had by {@link #now} and can be done without, as somebody waits */
    PinBudget(int capacityUnits, Runnable recall) {
        this.capacityUnits = capacityUnits;
        this.recall = recall;
    }

    public int capacityUnits() {
        return capacityUnits;
    }

    public int takenUnits() {
        return takenUnits;
    }

    /** @param units at most {@link #capacityUnits} */
    public Ticket request(int units) {
        if (units > capacityUnits) {
            throw new IllegalArgumentException(units + " of " + capacityUnits + " units");
        }
        Ticket ticket = new Ticket(units);
        waiting.add(ticket);
        pump();
        if (!ticket.granted.isDone()) {
            recall.run();
        }
        return ticket;
    }

    /** A request for units that does not wait: empty unless they are there, and nobody waits for them. */
    Optional<Ticket> now(int units) {
        if (!waiting.isEmpty() || takenUnits + units > capacityUnits) {
            return Optional.empty();
        }
        return Optional.of(request(units));
    }

    /** Gives back what was granted, or withdraws the request. A second time does nothing. */
    public void giveBack(Ticket ticket) {
        if (ticket.returned) {
            return;
        }
        ticket.returned = true;
        if (ticket.granted.isDone()) {
            takenUnits = takenUnits - ticket.units;
        } else {
            waiting.remove(ticket);
        }
        pump();
    }

    private void pump() {
        while (!waiting.isEmpty() && takenUnits + waiting.peek().units <= capacityUnits) {
            Ticket ticket = waiting.poll();
            takenUnits = takenUnits + ticket.units;
            ticket.granted.complete(null);
        }
    }
}
