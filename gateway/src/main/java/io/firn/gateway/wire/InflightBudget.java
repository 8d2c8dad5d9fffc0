package io.firn.gateway.wire;

import java.util.ArrayDeque;

/**
 * The bytes of requests that the connections of one event loop may hold in memory, whole or half received.
 *
 * <p>A connection reserves a frame's full length when it knows it, before receiving the rest; so connections can never hold
 * each other up with half-received frames that none has room to finish. A frame larger than the whole budget is admitted alone.
 *
 * <p>At the limit: connections wait in the order they came, their sockets unread. A frame that stops arriving is given up by the
 * connection's stall check, which frees its reservation.
 *
 * <p>Threading: confined to its loop; only {@link #usedBytes()} may be asked elsewhere.
 */
final class InflightBudget {

    private final long limitBytes;
    private final ArrayDeque<Connection> waiting = new ArrayDeque<>();
    private volatile long usedBytes;

    InflightBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** Reserves for {@code connection}, or queues it: it is then told by {@link Connection#budgetFreed()} to try again. */
    boolean reserve(Connection connection, int bytes) {
        boolean first = waiting.isEmpty() || waiting.peek() == connection;
        if (first && fits(bytes)) {
            waiting.poll();
            usedBytes += bytes;
            return true;
        }
        if (!waiting.contains(connection)) {
            waiting.add(connection);
        }
        return false;
    }

    private boolean fits(int bytes) {
        return usedBytes == 0 || usedBytes + bytes <= limitBytes;
    }

    void release(int bytes) {
        usedBytes -= bytes;
        wakeFirst();
    }

    /** Forgets a connection that waits and will not come again. */
    void forget(Connection connection) {
        if (waiting.remove(connection)) {
            wakeFirst();
        }
    }

    private void wakeFirst() {
        Connection first = waiting.peek();
        if (first != null) {
            first.budgetFreed();
        }
    }

    /** After a successful reservation others behind may fit too. */
    void wakeNext() {
        wakeFirst();
    }

    long usedBytes() {
        return usedBytes;
    }
}
