package io.firn.it.simulation;

import io.firn.membership.SimTime;
import java.util.HashSet;
import java.util.Set;

/** Messages take a while, are lost, come late, twice and out of order; the way between two places can be cut in one direction. */
final class Network {

    /** Where all clients are. */
    static final int CLIENTS = -1;

    private record Way(int from, int to) {}

    private final SimTime time;
    private final Set<Way> cut = new HashSet<>();
    private int faultOneIn = Integer.MAX_VALUE;
    long messages;

    Network(SimTime time) {
        this.time = time;
    }

    void cut(int from, int to, long ms) {
        Way way = new Way(from, to);
        if (from != to && cut.add(way)) {
            time.after(ms, () -> cut.remove(way));
        }
    }

    void heal() {
        cut.clear();
        faultOneIn = Integer.MAX_VALUE;
    }

    /** One of so many messages is lost, one comes late, one twice. */
    void faultOneIn(int messages) {
        faultOneIn = messages;
    }

    /** @return false if it may arrive twice */
    boolean carry(int from, int to, Runnable arrival) {
        messages++;
        if (cut.contains(new Way(from, to)) || time.chance(faultOneIn)) {
            return true;
        }
        long delayMs = time.chance(faultOneIn) ? time.random().nextLong(1_500) : time.random().nextLong(3);
        time.after(delayMs, arrival);
        if (time.chance(faultOneIn)) {
            time.after(delayMs + time.random().nextLong(1_000), arrival);
            return false;
        }
        return true;
    }
}
