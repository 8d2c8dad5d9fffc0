package io.firn.it.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Several simulated lives, one after the other, and what is to be said of all of them. */
final class Lives {

    static final long TROUBLE_MS = 15_000;
    private static final int SHOWN_CHARS = 6_000;

    private final Mistake mistake;
    private final boolean unclean;
    private final Map<String, Integer> faults = new TreeMap<>();
    private final List<AssertionError> failed = new ArrayList<>();
    private final List<Long> failedSeeds = new ArrayList<>();
    private int count;
    private long simulatedMs;
    private long events;
    private long acknowledged;
    private long coldReads;
    private long reigns;
    private long transactions;
    private long elections;
    private long begunAnew;

    Lives(Mistake mistake) {
        this(mistake, mistake == Mistake.LEAD_UNCLEAN_AS_IT_IS);
    }

    /** @param unclean whether there is a partition that allows unclean elections, and trouble that leads to them */
    Lives(Mistake mistake, boolean unclean) {
        this.mistake = mistake;
        this.unclean = unclean;
    }

    Cluster live(long seed) {
        Cluster cluster = new Cluster(seed, mistake, unclean);
        try {
            cluster.live(TROUBLE_MS);
        } catch (RuntimeException | AssertionError e) {
            failedSeeds.add(seed);
            if (failed.isEmpty()) {
                failed.add(new AssertionError("seed " + seed + " (alone: -Dfirn.simulation.seeds=1 -Dfirn.simulation.from=" + seed + "): " + shortened(e.toString()) + "\n" + cluster.trace, e));
            }
        }
        count++;
        simulatedMs += cluster.time.nowMs();
        events += cluster.time.events();
        acknowledged += cluster.observed.acknowledged.count() + cluster.observed.unclean.acknowledged();
        elections += cluster.observed.unclean.elections();
        begunAnew += cluster.observed.unclean.begunAnew();
        coldReads += cluster.clients.coldReads();
        reigns += cluster.observed.leaders.reigns();
        transactions += cluster.observed.transactions.transactions();
        cluster.trace.counts().forEach((what, times) -> faults.merge(what, times, Integer::sum));
        return cluster;
    }

    private static String shortened(String text) {
        return text.length() > SHOWN_CHARS ? text.substring(0, SHOWN_CHARS) + " ..." : text;
    }

    long acknowledged() {
        return acknowledged;
    }

    long coldReads() {
        return coldReads;
    }

    /** Unclean elections. */
    long elections() {
        return elections;
    }

    /** After which the leader began where the cold tier ended. */
    long begunAnew() {
        return begunAnew;
    }

    /** How often this was done to the cluster. */
    int times(String fault) {
        return faults.getOrDefault(fault, 0);
    }

    boolean anyFailed() {
        return !failed.isEmpty();
    }

    String firstFailure() {
        return failed.get(0).getCause().toString().lines().findFirst().orElse("");
    }

    void throwIfAnyFailed() {
        if (!failed.isEmpty()) {
            throw new AssertionError("failed of " + count + ": seeds " + failedSeeds + "\n" + failed.get(0).getMessage(), failed.get(0).getCause());
        }
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d lives of %.2f hours, %d events, %d faults %s; %d records acknowledged, %d leaderships, %d transactions, %d reads from the cold tier, %d unclean elections (%d began where the cold tier ended), failed: %s", count, simulatedMs / 3_600_000.0, events,
                faults.values().stream().mapToInt(Integer::intValue).sum(), faults, acknowledged, reigns, transactions, coldReads, elections, begunAnew, failedSeeds);
    }
}
