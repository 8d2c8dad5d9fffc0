package io.firn.gateway.quota;

import io.firn.gateway.quota.QuotaTable.Applied;
import io.firn.gateway.quota.QuotaTable.Counted;
import io.firn.membership.ClusterView;
import io.firn.membership.QuotaEntity;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Counts what clients do and says how long one that did too much has to wait: until its average over the last {@value Average#SAMPLES} seconds is back at its quota, or until its bucket of changes
 * of the metadata is no longer in debt.
 *
 * <p>Limits: {@link Counts#MAX} clients of a kind are told apart. Of a client id longer than {@link #MAX_NAME} only that many characters and a hash are kept.
 *
 * <p>Threading: thread-safe, see {@link Counts}.
 */
public final class ClientQuotas {
    /** All clients of a listener without authentication are one user. */
    public static final String ANONYMOUS = "ANONYMOUS";

    static final int MAX_NAME = 256;
    private static final String MUTATIONS = "controller_mutation_rate";
    private static final Counted OTHERS = new Counted(Optional.empty(), Optional.empty());

    private final Supplier<ClusterView> view;
    private final InstantSource clock;
    private final Map<Kind, Counts<Counted, Average>> averages =
            Map.of(Kind.PRODUCE, new Counts<>(OTHERS, Average::new), Kind.FETCH, new Counts<>(OTHERS, Average::new), Kind.REQUEST, new Counts<>(OTHERS, Average::new));
    private final Counts<Counted, Bucket> mutations = new Counts<>(OTHERS, Bucket::new);
    private volatile Known known = new Known(Map.of(), QuotaTable.NONE);

    private record Known(Map<QuotaEntity, Map<String, Double>> quotas, QuotaTable table) {}

    /** What is counted, and how long a client may have to wait for it. */
    public enum Kind {
        /** Bytes of produce requests. */
        PRODUCE("producer_byte_rate", Integer.MAX_VALUE),
        /** Bytes of records in fetch answers. */
        FETCH("consumer_byte_rate", Integer.MAX_VALUE),
        /** Percent of an event loop's time. */
        REQUEST("request_percentage", Average.WINDOW_MS);

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
        return averages.get(kind).with(shortened(applied.get().counted()), nowMs, average -> Math.min(kind.maxMs, average.add(amount, applied.get().perSecond(), nowMs)));
    }

    /**
     * Counts a change of so many partitions and says for how many milliseconds the client is to be left waiting, 0 for not at all.
     *
     * @param strict whether a client that has to wait may not do it now, and nothing is counted; otherwise it may, and waits afterwards
     */
    public long chargeMutation(String user, String clientId, int partitions, boolean strict) {
        Optional<Applied> applied = table().of(user, clientId, MUTATIONS);
        if (applied.isEmpty()) {
            return 0;
        }
        long nowMs = clock.millis();
        return mutations.with(shortened(applied.get().counted()), nowMs, bucket -> Math.min(Integer.MAX_VALUE, bucket.take(partitions, applied.get().perSecond(), strict, nowMs)));
    }

    /** A client chooses its id, and may send one of 32 KiB. */
    private static Counted shortened(Counted counted) {
        return counted.clientId().filter(id -> id.length() > MAX_NAME)
                .map(id -> new Counted(counted.user(), Optional.of(id.substring(0, MAX_NAME) + '#' + Integer.toHexString(id.hashCode())))).orElse(counted);
    }

    /** For tests: who is counted. */
    Set<Counted> counted(Kind kind) {
        return averages.get(kind).keys();
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
