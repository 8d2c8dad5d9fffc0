package io.firn.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.firn.gateway.quota.ThrottleQuota.Side;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.stats.SimpleRate;
import org.junit.jupiter.api.Test;

class ThrottleQuotaTest {
    private static final int BROKER = 2;
    private static final TopicPartition T0 = new TopicPartition("t", 0);
    private static final TopicPartition T1 = new TopicPartition("t", 1);

    private final Map<Integer, Map<String, String>> brokers = new HashMap<>();
    private final Map<String, String> topic = new HashMap<>();
    private long nowMs = 1_000_000;
    private final ThrottleQuota leader = new ThrottleQuota(Side.LEADER, BROKER, this::view, () -> nowMs);
    private final ThrottleQuota follower = new ThrottleQuota(Side.FOLLOWER, BROKER, this::view, () -> nowMs);

    private ClusterView view() {
        List<PartitionView> partitions = List.of(new PartitionView(0, 1, 0, 0, List.of(1, 2), List.of(1)), new PartitionView(1, 1, 0, 0, List.of(1, 2), List.of(1)));
        TopicView t = new TopicView(new Uuid(1, 1), "t", partitions, topic);
        return new ClusterView(1, 1, "c", Map.of(), Map.of("t", t), Map.of(t.id(), "t"), brokers, Map.of(), 0);
    }

    private void limit(int broker, String side, long bytesPerSecond) {
        brokers.computeIfAbsent(broker, id -> new HashMap<>()).put(side + ".replication.throttled.rate", "" + bytesPerSecond);
    }

    @Test
    void whatIsThrottledWaitsWhileTheAverageIsAboveTheLimit() {
        limit(BROKER, "follower", 1_000);
        topic.put("follower.replication.throttled.replicas", "0:2");
        assertThat(follower.allows(T0, BROKER)).isTrue();

        follower.record(T0, 5_000);

        assertThat(follower.allows(T0, BROKER)).isFalse();
        nowMs += 4_999;
        assertThat(follower.allows(T0, BROKER)).isFalse();
        nowMs += 1;
        assertThat(follower.allows(T0, BROKER)).as("5000 bytes in five seconds").isTrue();
    }

    @Test
    void aReplicaInSyncNeverWaitsButCounts() {
        limit(BROKER, "leader", 1_000);
        topic.put("leader.replication.throttled.replicas", "*");
        leader.record(T0, 50_000);
        assertThat(leader.allows(T0, 1)).as("in sync").isTrue();
        assertThat(leader.allows(T0, 2)).isFalse();
    }

    @Test
    void onlyTheReplicasThatAreListedForThisBrokerAreThrottled() {
        limit(BROKER, "follower", 1);
        topic.put("follower.replication.throttled.replicas", "0:2, 1:3");
        follower.record(T0, 5_000);
        assertThat(follower.allows(T0, BROKER)).isFalse();
        assertThat(follower.allows(T1, BROKER)).as("listed for another broker").isTrue();
        assertThat(follower.allows(new TopicPartition("other", 0), BROKER)).isTrue();

        topic.put("follower.replication.throttled.replicas", "*");
        assertThat(follower.allows(T1, BROKER)).as("all of the topic").isFalse();

        topic.remove("follower.replication.throttled.replicas");
        assertThat(follower.allows(T0, BROKER)).as("none any more").isTrue();
    }

    @Test
    void whatIsNotThrottledDoesNotCount() {
        limit(BROKER, "follower", 1);
        topic.put("follower.replication.throttled.replicas", "0:2");
        follower.record(T1, 5_000);
        assertThat(follower.allows(T0, BROKER)).isTrue();
    }

    @Test
    void theSidesAreApartAndWithoutALimitNobodyWaits() {
        topic.put("follower.replication.throttled.replicas", "*");
        topic.put("leader.replication.throttled.replicas", "*");
        follower.record(T0, 5_000);
        assertThat(follower.allows(T0, BROKER)).isTrue();

        limit(BROKER, "follower", 10);
        follower.record(T0, 5_000);
        leader.record(T0, 5_000);

        assertThat(follower.allows(T0, BROKER)).isFalse();
        assertThat(leader.allows(T0, BROKER)).isTrue();
    }

    @Test
    void aLimitOfTheBrokerGoesBeforeOneOfAllBrokers() {
        topic.put("leader.replication.throttled.replicas", "*");
        limit(ClusterView.ALL_BROKERS, "leader", 10);
        leader.record(T0, 5_000);
        assertThat(leader.allows(T0, BROKER)).isFalse();

        limit(BROKER, "leader", 1_000_000);
        assertThat(leader.allows(T0, BROKER)).isTrue();
    }

    /** While records flow. After a pause Kafka's depends on when it was looked at last. */
    @Test
    void averagesAreKafkas() {
        long seed = Long.getLong("firn.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            MetricConfig windows = new MetricConfig().samples(11).timeWindow(1, TimeUnit.SECONDS);
            SimpleRate kafkas = new SimpleRate();
            ThrottleQuota.Window ours = ThrottleQuota.Window.EMPTY;
            long now = 5_000_000;
            for (int i = 0; i < 100; i++) {
                now += random.nextInt(700);
                long bytes = random.nextInt(1_000_000);
                kafkas.record(windows, bytes, now);
                ours = ours.plus(bytes, now);
                assertThat(ours.perSecond(now)).as("-Dfirn.seed=%s, round %s, step %s", seed, round, i).isCloseTo(kafkas.measure(windows, now), withinPercentage(10));
            }
        }
    }
}
