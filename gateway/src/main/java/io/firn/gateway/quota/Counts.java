package io.firn.gateway.quota;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The counts of one kind of quota, one for each of those who are told apart.
 *
 * <p>Limit: {@link #MAX}; those that come when so many are active share one count with each other.
 *
 * <p>Threading: thread-safe; a count is used under the map's lock for its key, for nanoseconds.
 */
final class Counts<K, C extends Counts.Count> {
    static final int MAX = 10_000;
    /** Least time between two searches for counts that nobody needs any more. */
    private static final long SWEEP_MS = 1_000;

    private final K others;
    private final Supplier<C> fresh;
    private final Map<K, C> all = new ConcurrentHashMap<>();
    private final AtomicLong sweptMs = new AtomicLong();

    /** What was counted of one. */
    interface Count {
        /** Whether it says no more than a new one. */
        boolean blank(long nowMs);
    }

    /** @param others the key of the count that is shared */
    Counts(K others, Supplier<C> fresh) {
        this.others = others;
        this.fresh = fresh;
    }

    /** What {@code use} says of the count of {@code key}, which nobody else uses meanwhile. */
    long with(K key, long nowMs, ToLongFunction<C> use) {
        long[] said = new long[1];
        all.compute(place(key, nowMs), (place, present) -> {
            C count = present == null ? fresh.get() : present;
            said[0] = use.applyAsLong(count);
            return count;
        });
        return said[0];
    }

    private K place(K key, long nowMs) {
        if (all.size() < MAX || all.containsKey(key)) {
            return key;
        }
        long lastMs = sweptMs.get();
        if (nowMs - lastMs >= SWEEP_MS && sweptMs.compareAndSet(lastMs, nowMs)) {
            all.keySet().forEach(old -> all.computeIfPresent(old, (place, count) -> count.blank(nowMs) ? null : count));
        }
        return all.size() < MAX ? key : others;
    }

    /** For tests: who is counted. */
    Set<K> keys() {
        return Set.copyOf(all.keySet());
    }
}
