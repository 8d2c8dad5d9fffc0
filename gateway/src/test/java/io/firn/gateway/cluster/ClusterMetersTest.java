package io.firn.gateway.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class ClusterMetersTest {

    private static final int HERE = 1;
    private static final int MIN_INSYNC = 2;

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private ClusterView view = ClusterView.EMPTY;
    private boolean controller = true;
    private int failed;
    private int walks;

    private void register() {
        ClusterMeters.register(registry, HERE, () -> view, () -> controller, (now, topic) -> {
            walks++;
            return MIN_INSYNC;
        }, () -> failed);
    }

    private double value(String name) {
        return registry.get("firn." + name).gauge().value();
    }

    private static PartitionView partition(int number, int leader, List<Integer> replicas, List<Integer> isr) {
        return new PartitionView(number, leader, 3, 4, replicas, isr);
    }

    private static ClusterView of(PartitionView... partitions) {
        Map<String, TopicView> topics = new HashMap<>();
        topics.put("t", new TopicView(new Uuid(1, 1), "t", List.of(partitions), Map.of()));
        ClusterView brokers = Views.of(7, Views.broker(1, 1, false), Views.broker(2, 2, false), Views.broker(3, 3, true));
        return new ClusterView(7, Views.CONTROLLER_EPOCH, "c", brokers.brokers(), topics, Map.of(new Uuid(1, 1), "t"), Map.of(), Map.of(), 0);
    }

    @Test
    void aBrokerCountsWhatItLeadsAndWhatThatLacks() {
        register();
        view = of(partition(0, 1, List.of(1, 2, 3), List.of(1, 2, 3)), partition(1, 1, List.of(1, 2, 3), List.of(1, 2)), partition(2, 1, List.of(2, 1, 3), List.of(1)),
                partition(3, 2, List.of(2, 1, 3), List.of(2)), partition(4, 1, List.of(1), List.of(1)), partition(5, 2, List.of(2, 3), List.of(2, 3)));
        assertThat(value("partitions.led")).isEqualTo(4);
        assertThat(value("partitions.replicas")).isEqualTo(5);
        assertThat(value("partitions.out.of.sync")).as("3").isEqualTo(1);
        assertThat(value("partitions.under.replicated")).as("1 and 2").isEqualTo(2);
        assertThat(value("partitions.under.min.insync")).as("2; of one replica one is enough").isEqualTo(1);
        assertThat(value("partitions.at.min.insync")).as("1 and 4").isEqualTo(2);
    }

    @Test
    void aReplicaThatIsBeingAddedIsNotMissed() {
        register();
        view = of(new PartitionView(0, 1, 3, 4, List.of(1, 2, 3), List.of(1, 2), List.of(3), List.of(), false), new PartitionView(1, 2, 3, 4, List.of(2, 1), List.of(2), List.of(1), List.of(), false));
        assertThat(value("partitions.reassigning")).isEqualTo(1);
        assertThat(value("partitions.out.of.sync")).isZero();
        assertThat(value("partitions.under.replicated")).isZero();
    }

    @Test
    void onlyTheControllerTellsOfAllPartitionsAndBrokers() {
        register();
        view = of(partition(0, PartitionView.NO_LEADER, List.of(3, 1), List.of(3)), partition(1, 2, List.of(1, 2), List.of(1, 2)), partition(2, 1, List.of(1, 2), List.of(1, 2)));
        List<String> names = List.of("controller.active", "controller.topics", "controller.partitions", "controller.partitions.offline", "controller.partitions.not.preferred", "controller.brokers.active", "controller.brokers.fenced");
        assertThat(names.stream().map(this::value)).containsExactly(1.0, 1.0, 3.0, 1.0, 2.0, 2.0, 1.0);
        controller = false;
        assertThat(names.stream().map(this::value)).containsOnly(0.0);
    }

    @Test
    void failedReplicasAreShownAsTheyAre() {
        register();
        failed = 3;
        assertThat(value("replicas.failed")).isEqualTo(3);
    }

    @Test
    void aViewIsWalkedOnceHoweverManyGaugesAreRead() {
        register();
        view = of(partition(0, 1, List.of(1, 2), List.of(1)));
        registry.getMeters().forEach(meter -> meter.measure().forEach(measurement -> measurement.getValue()));
        assertThat(walks).isEqualTo(1);
        view = of(partition(0, 1, List.of(1, 2), List.of(1, 2)));
        assertThat(value("partitions.under.replicated")).isZero();
        assertThat(walks).isEqualTo(2);
    }
}
