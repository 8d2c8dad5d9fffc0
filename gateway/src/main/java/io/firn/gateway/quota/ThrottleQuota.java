package io.firn.gateway.quota;

import io.firn.membership.ClusterView;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;

/**
 * How fast replicas may be copied that an operator has slowed down, on one side of this broker (KIP-73): what {@code kafka-reassign-partitions --throttle} sets. The limit is a config of the broker, which replicas it
 * concerns one of each topic.
 *
 * <p>Whoever copies asks {@link #allows} before it takes records, and {@link #record}s what it took; replicas in sync are never slowed down, but what is copied of theirs counts. As in Kafka the average over the last eleven seconds is what is compared, and a fetch that begins below the limit may go beyond it.
 *
 * <p>Threading: thread-safe, without locks.
 */
public final class ThrottleQuota {

    /** Which side of the copying. */
    public enum Side {
        /** Records that go out to followers. */
        LEADER("leader"),
        /** Records that come in from leaders. */
        FOLLOWER("follower");

        private final String rate;
        private final String replicas;

        Side(String prefix) {
            rate = prefix + ".replication.throttled.rate";
            replicas = prefix + ".replication.throttled.replicas";
        }
    }

    /** Topics whose lists are kept read; beyond, all are read anew. */
    static final int MAX_TOPICS = 10_000;
    private static final String ALL = "*";

    private final Side side;
    private final int brokerId;
    private final Supplier<ClusterView> view;
    private final LongSupplier clockMs;
    private final AtomicReference<Window> window = new AtomicReference<>(Window.EMPTY);
    private final Map<String, Throttled> topics = new ConcurrentHashMap<>();

    /** @param clockMs never goes back */
    public ThrottleQuota(Side side, int brokerId, Supplier<ClusterView> view, LongSupplier clockMs) {
        this.side = side;
        this.brokerId = brokerId;
        this.view = view;
        this.clockMs = clockMs;
    }

    /** No limit, for a broker alone. */
    public static ThrottleQuota none() {
        return new ThrottleQuota(Side.LEADER, ClusterView.ALL_BROKERS, () -> ClusterView.EMPTY, () -> 0);
    }

    /** Whether records may be taken now for the replica on {@code follower}: always, if it is in sync. */
    public boolean allows(TopicPartition partition, int follower) {
        ClusterView now = view.get();
        Optional<Long> limit = limit(now);
        return limit.isEmpty() || !throttled(now, partition) || inSync(now, partition, follower) || window.get().perSecond(clockMs.getAsLong()) <= limit.get();
    }

    private static boolean inSync(ClusterView now, TopicPartition partition, int follower) {
        return now.partition(partition.topic(), partition.partition()).filter(placed -> placed.isr().contains(follower)).isPresent();
    }

    /** What was taken of a replica, be it in sync or not. */
    public void record(TopicPartition partition, long bytes) {
        ClusterView now = view.get();
        if (limit(now).isPresent() && throttled(now, partition)) {
            long at = clockMs.getAsLong();
            window.updateAndGet(before -> before.plus(bytes, at));
        }
    }

    /** Bytes a second; empty for no limit. */
    private Optional<Long> limit(ClusterView now) {
        if (now.brokerConfigs().isEmpty()) {
            return Optional.empty();
        }
        return own(now, brokerId).or(() -> own(now, ClusterView.ALL_BROKERS));
    }

    private Optional<Long> own(ClusterView now, int broker) {
        return Optional.ofNullable(now.brokerConfigs().getOrDefault(broker, Map.of()).get(side.rate)).map(text -> Long.parseLong(text.trim()));
    }

    private boolean throttled(ClusterView now, TopicPartition partition) {
        Optional<TopicView> topic = now.topic(partition.topic());
        String listed = topic.map(found -> found.configs().get(side.replicas)).orElse("");
        if (listed == null || listed.isBlank()) {
            return false;
        }
        Throttled known = topics.get(partition.topic());
        if (known == null || !known.listed().equals(listed)) {
            if (topics.size() >= MAX_TOPICS) {
                topics.clear();
            }
            known = Throttled.read(listed, brokerId);
            topics.put(partition.topic(), known);
        }
        return known.has(partition.partition());
    }

    /** Which partitions of a topic are throttled on this broker. */
    private record Throttled(String listed, boolean all, Set<Integer> partitions) {

        /** "*", or partition:broker with commas. */
        static Throttled read(String listed, int broker) {
            boolean all = listed.trim().equals(ALL);
            Set<Integer> partitions = all ? Set.of() : Stream.of(listed.split(",")).map(one -> one.trim().split(":")).filter(one -> one.length == 2 && Integer.parseInt(one[1].trim()) == broker)
                    .map(one -> Integer.parseInt(one[0].trim())).collect(Collectors.toSet());
            return new Throttled(listed, all, partitions);
        }

        boolean has(int partition) {
            return all || partitions.contains(partition);
        }
    }

    /** What was taken in the last seconds. The average is over as many samples of as many seconds as Kafka's defaults of {@code replication.quota.window.num} and {@code replication.quota.window.size.seconds}. Immutable. */
    record Window(List<Sample> samples) {
        static final Window EMPTY = new Window(List.of());
        private static final long SAMPLE_MS = Average.WINDOW_MS;
        private static final long KEPT_MS = Average.SAMPLES * SAMPLE_MS;

        /** @param startMs of its first bytes; a sample takes what comes within a second of them */
        private record Sample(long startMs, long lastMs, long bytes) {}

        Window plus(long bytes, long nowMs) {
            List<Sample> next = new ArrayList<>(kept(nowMs));
            Sample last = next.isEmpty() ? null : next.get(next.size() - 1);
            if (last != null && nowMs - last.startMs() < SAMPLE_MS) {
                next.set(next.size() - 1, new Sample(last.startMs(), nowMs, last.bytes() + bytes));
            } else {
                next.add(new Sample(nowMs, nowMs, bytes));
            }
            return new Window(List.copyOf(next));
        }

        double perSecond(long nowMs) {
            List<Sample> kept = kept(nowMs);
            long total = kept.stream().mapToLong(Sample::bytes).sum();
            long elapsedMs = kept.isEmpty() ? 0 : nowMs - kept.get(0).startMs();
            return total * 1_000.0 / Math.max(elapsedMs, SAMPLE_MS);
        }

        private List<Sample> kept(long nowMs) {
            return samples.stream().filter(sample -> nowMs - sample.lastMs() < KEPT_MS).toList();
        }
    }
}
