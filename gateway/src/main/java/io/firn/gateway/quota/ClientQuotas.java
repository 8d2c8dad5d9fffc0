package io.firn.gateway.quota;

import io.firn.gateway.quota.QuotaTable.Applied;
import io.firn.gateway.quota.QuotaTable.Counted;
import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.stats.Rate;

/**
 * Counts what clients do and says how long one that did too much has to wait: until its average over the last {@value #SAMPLES} seconds is back at its quota. Windows, averages and
 * waiting times are those of Apache Kafka's defaults ({@code quota.window.num}, {@code quota.window.size.seconds}).
 *
 * <p>Limits: {@link #MAX_COUNTED} clients of a kind are told apart; those that come when so many are active share one count with each other. Of a client id longer than {@link #MAX_NAME} only
 * that many characters and a hash are kept.
 *
 * <p>Threading: thread-safe; a count is changed under the map's lock for its key, for nanoseconds.
 */
public final class ClientQuotas {
    /** Of each kind of quota. */
    static final int MAX_COUNTED = 10_000;
    static final int MAX_NAME = 256;
    /** Least time between two searches for clients that are active no more. */
    private static final long SWEEP_MS = 1_000;
    private static final int SAMPLES = 11;
    private static final long WINDOW_MS = 1_000;
    private static final Counted OTHERS = new Counted(Optional.empty(), Optional.empty());

    private final Supplier<ClusterView> view;
    private final InstantSource clock;
    private final MetricConfig windows = new MetricConfig().samples(SAMPLES).timeWindow(WINDOW_MS, TimeUnit.MILLISECONDS);
    private final Map<Kind, Map<Counted, Count>> counts = Map.of(Kind.PRODUCE, new ConcurrentHashMap<>(), Kind.FETCH, new ConcurrentHashMap<>(), Kind.REQUEST, new ConcurrentHashMap<>());
    private final Map<Kind, AtomicLong> sweptMs = Map.of(Kind.PRODUCE, new AtomicLong(), Kind.FETCH, new AtomicLong(), Kind.REQUEST, new AtomicLong());
    private volatile Known known = new Known(Map.of(), QuotaTable.NONE);

    private record Known(Map<QuotaEntity, Map<String, Double>> quotas, QuotaTable table) {}

    /** A rate, and when it was last added to. Confined to the map's lock for its key. */
    private static final class Count {
        private final Rate rate = new Rate();
        private long lastMs;
    }

    /** What is counted, and how long a client may have to wait for it. */
    public enum Kind {
        /** Bytes of produce requests. */
        PRODUCE("producer_byte_rate", Integer.MAX_VALUE),
        /** Bytes of records in fetch answers. */
        FETCH("consumer_byte_rate", Integer.MAX_VALUE),
        /** Percent of an event loop's time. */
        REQUEST("request_percentage", WINDOW_MS);

        private final String quota;
        private final long maxMs;

        Kind(String quota, long maxMs) {
            this.quota = quota;
            this.maxMs = maxMs;
        }
    }

    public ClientQuotas(Supplier<ClusterView> view, InstantSource clock) {
        this.view = view;
        this.clock = clock;
    }

    /** Whether there is any quota at all; cheap. */
    public boolean any() {
        return !table().isEmpty();
    }

    /** Counts {@code amount} and says for how many milliseconds the client is to be left waiting, 0 for not at all. */
    public long charge(Kind kind, String user, String clientId, double amount) {
        Optional<Applied> applied = table().of(user, clientId, kind.quota);
        if (applied.isEmpty()) {
            return 0;
        }
        long nowMs = clock.millis();
        long[] waitMs = new long[1];
        counts.get(kind).compute(place(kind, shortened(applied.get().counted()), nowMs), (counted, present) -> {
            Count count = present == null ? new Count() : present;
            count.rate.record(windows, amount, nowMs);
            count.lastMs = nowMs;
            waitMs[0] = Math.min(kind.maxMs, waitMs(count.rate, applied.get().perSecond(), nowMs));
            return count;
        });
        return waitMs[0];
    }

    private long waitMs(Rate rate, double perSecond, long nowMs) {
        double average = rate.measure(windows, nowMs);
        return average <= perSecond ? 0 : Math.round((average - perSecond) / perSecond * rate.windowSize(windows, nowMs));
    }

    /** Where it is counted. A count that nothing was added to for all of its windows says no more than a new one. */
    private Counted place(Kind kind, Counted counted, long nowMs) {
        Map<Counted, Count> all = counts.get(kind);
        if (all.size() < MAX_COUNTED || all.containsKey(counted)) {
            return counted;
        }
        long lastMs = sweptMs.get(kind).get();
        if (nowMs - lastMs >= SWEEP_MS && sweptMs.get(kind).compareAndSet(lastMs, nowMs)) {
            all.values().removeIf(count -> nowMs - count.lastMs > (SAMPLES + 1) * WINDOW_MS);
        }
        return all.size() < MAX_COUNTED ? counted : OTHERS;
    }

    /** A client chooses its id, and may send one of 32 KiB. */
    private static Counted shortened(Counted counted) {
        return counted.clientId().filter(id -> id.length() > MAX_NAME)
                .map(id -> new Counted(counted.user(), Optional.of(id.substring(0, MAX_NAME) + '#' + Integer.toHexString(id.hashCode())))).orElse(counted);
    }

    /** For tests: who is counted. */
    Set<Counted> counted(Kind kind) {
        return Set.copyOf(counts.get(kind).keySet());
    }

    private QuotaTable table() {
        Map<QuotaEntity, Map<String, Double>> newest = view.get().clients().quotas();
        Known present = known;
        if (newest != present.quotas()) {
            present = new Known(newest, newest.isEmpty() ? QuotaTable.NONE : new QuotaTable(newest));
            known = present;
        }
        return present.table();
    }
}
