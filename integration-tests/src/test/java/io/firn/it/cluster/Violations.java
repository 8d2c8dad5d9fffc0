package io.firn.it.cluster;

import io.firn.it.cluster.Violation.Promise;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Broken promises in the order in which they were found, the first few of each kind and how many more there were. Confined to its owner. */
final class Violations {

    private static final int KEPT_PER_PROMISE = 10;

    private final List<Violation> kept = new ArrayList<>();
    private final Map<Promise, Integer> counts = new EnumMap<>(Promise.class);

    void add(Promise promise, String what) {
        if (counts.merge(promise, 1, Integer::sum) <= KEPT_PER_PROMISE) {
            kept.add(new Violation(promise, what));
        }
    }

    List<Violation> all() {
        List<Violation> all = new ArrayList<>(kept);
        counts.forEach((promise, count) -> {
            if (count > KEPT_PER_PROMISE) {
                all.add(new Violation(promise, "and " + (count - KEPT_PER_PROMISE) + " more"));
            }
        });
        return all;
    }
}
