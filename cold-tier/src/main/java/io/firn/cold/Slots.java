package io.firn.cold;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;

/**
 * A counting semaphore whose waiters are futures, first come, first served. Thread-safe: its lock is held for a queue operation and never while
 * a future completes.
 */
public final class Slots {

    private final ArrayDeque<CompletableFuture<Void>> waiting = new ArrayDeque<>();
    private int free;

    public Slots(int count) {
        this.free = count;
    }

    /** Completes when it is the caller's turn; whoever has one gives it back. */
    public CompletableFuture<Void> take() {
        synchronized (waiting) {
            if (free > 0) {
                free--;
                return CompletableFuture.completedFuture(null);
            }
            CompletableFuture<Void> turn = new CompletableFuture<>();
            waiting.add(turn);
            return turn;
        }
    }

    /** Takes one only if that needs no waiting; false if it would. */
    public boolean takeIfFree() {
        synchronized (waiting) {
            if (free == 0) {
                return false;
            }
            free--;
            return true;
        }
    }

    /** Whether anybody waits for one. */
    public boolean wanted() {
        synchronized (waiting) {
            return !waiting.isEmpty();
        }
    }

    public void giveBack() {
        CompletableFuture<Void> next;
        synchronized (waiting) {
            next = waiting.poll();
            if (next == null) {
                free++;
            }
        }
        if (next != null) {
            next.complete(null);
        }
    }
}
