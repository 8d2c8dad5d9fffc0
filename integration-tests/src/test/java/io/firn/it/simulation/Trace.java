package io.firn.it.simulation;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;

/** What happened in one simulated life: a hash of all of it, the last lines for a person, and counts of what was done to the cluster. */
final class Trace {

    private static final int KEPT_LINES = Integer.getInteger("firn.simulation.lines", 400);

    private final ArrayDeque<String> last = new ArrayDeque<>();
    private final Map<String, Integer> counts = new TreeMap<>();
    private long hash = 17;

    void note(long atMs, String what) {
        hash = hash * 1_000_003 + atMs;
        hash = hash * 1_000_003 + what.hashCode();
        if (last.size() == KEPT_LINES) {
            last.removeFirst();
        }
        last.addLast(atMs + " " + what);
    }

    void count(String what) {
        counts.merge(what, 1, Integer::sum);
    }

    Map<String, Integer> counts() {
        return counts;
    }

    /** Equal for equal lives. */
    long hash() {
        return hash;
    }

    @Override
    public String toString() {
        return String.join("\n", last);
    }
}
