package io.firn.gateway.cluster;

import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;
import java.util.function.ToIntFunction;

/**
 * What an operator looks at first, as gauges, with the meanings of Apache Kafka's: the partitions of this broker ({@code firn.partitions.*}, {@code firn.replicas.*}; Kafka's ReplicaManager) and, only where this broker is the
 * controller, those of the whole cluster ({@code firn.controller.*}; Kafka's KafkaController; 0 elsewhere, so that the sum over all brokers is the cluster's).
 *
 * <p>They tell of the newest view this broker has applied: one that is cut off tells of the past. Replicas that are in the course of being added are not missed.
 *
 * <p>Cost: one walk over all partitions when gauges are read, if the view is another one than the last time. Threading: thread-safe.
 */
public final class ClusterMeters {

    private final int brokerId;
    private final Supplier<ClusterView> view;
    private final BooleanSupplier controller;
    private final ToIntBiFunction<ClusterView, TopicView> minInsync;
    private volatile Counts counts = new Counts(ClusterView.EMPTY);

    private ClusterMeters(int brokerId, Supplier<ClusterView> view, BooleanSupplier controller, ToIntBiFunction<ClusterView, TopicView> minInsync) {
        this.brokerId = brokerId;
        this.view = view;
        this.controller = controller;
        this.minInsync = minInsync;
    }

    /**
     * @param controller whether this broker is the controller
     * @param minInsync {@code min.insync.replicas} of a topic
     * @param failedReplicas how many replicas here can take no role
     */
    public static ClusterMeters register(MeterRegistry registry, int brokerId, Supplier<ClusterView> view, BooleanSupplier controller, ToIntBiFunction<ClusterView, TopicView> minInsync, IntSupplier failedReplicas) {
        ClusterMeters meters = new ClusterMeters(brokerId, view, controller, minInsync);
        meters.here(registry, "partitions.led", "Partitions this broker leads", counts -> counts.led);
        meters.here(registry, "partitions.replicas", "Replicas this broker has", counts -> counts.replicas);
        meters.here(registry, "partitions.under.replicated", "Led partitions with fewer replicas in sync than they have", counts -> counts.underReplicated);
        meters.here(registry, "partitions.under.min.insync", "Led partitions with fewer replicas in sync than min.insync.replicas: they take nothing from producers with acks=all", counts -> counts.underMinInsync);
        meters.here(registry, "partitions.at.min.insync", "Led partitions with just as many replicas in sync as min.insync.replicas", counts -> counts.atMinInsync);
        gauge(registry, "partitions.out.of.sync", "Partitions whose replica here is not in sync", meters::outOfSync);
        meters.here(registry, "partitions.reassigning", "Led partitions that are being moved", counts -> counts.reassigning);
        gauge(registry, "replicas.failed", "Replicas here that can neither lead nor follow until the broker is started again", failedReplicas);
        gauge(registry, "controller.active", "1 where the controller is", () -> controller.getAsBoolean() ? 1 : 0);
        meters.ofAll(registry, "controller.topics", "Topics of the cluster", counts -> counts.of.topics().size());
        meters.ofAll(registry, "controller.partitions", "Partitions of the cluster", counts -> counts.of.partitionCount());
        meters.ofAll(registry, "controller.partitions.offline", "Partitions of the cluster without a leader", counts -> counts.offline);
        meters.ofAll(registry, "controller.partitions.not.preferred", "Partitions of the cluster whose leader is not the preferred one", counts -> counts.notPreferred);
        meters.ofAll(registry, "controller.brokers.active", "Brokers taken for alive", counts -> counts.of.liveBrokers().size());
        meters.ofAll(registry, "controller.brokers.fenced", "Registered brokers that are not taken for alive", counts -> counts.of.brokers().size() - counts.of.liveBrokers().size());
        return meters;
    }

    /** Of how many partitions the replica here is not in sync. One that is being added does not count. */
    public int outOfSync() {
        return counts().outOfSync;
    }

    private void here(MeterRegistry registry, String name, String description, ToIntFunction<Counts> count) {
        gauge(registry, name, description, () -> count.applyAsInt(counts()));
    }

    private void ofAll(MeterRegistry registry, String name, String description, ToIntFunction<Counts> count) {
        gauge(registry, name, description, () -> controller.getAsBoolean() ? count.applyAsInt(counts()) : 0);
    }

    private static void gauge(MeterRegistry registry, String name, String description, IntSupplier value) {
        Gauge.builder("firn." + name, value, IntSupplier::getAsInt).strongReference(true).description(description).register(registry);
    }

    private Counts counts() {
        ClusterView now = view.get();
        Counts last = counts;
        if (last.of != now) {
            last = count(now);
            counts = last;
        }
        return last;
    }

    private Counts count(ClusterView now) {
        Counts fresh = new Counts(now);
        for (TopicView topic : now.topics().values()) {
            int leastInsync = topic.partitions().stream().anyMatch(partition -> partition.leader() == brokerId) ? minInsync.applyAsInt(now, topic) : 0;
            topic.partitions().forEach(partition -> fresh.add(partition, brokerId, leastInsync));
        }
        return fresh;
    }

    /** Of one view. Written by who makes it, before others see it. */
    private static final class Counts {

        private final ClusterView of;
        private int led;
        private int replicas;
        private int outOfSync;
        private int underReplicated;
        private int underMinInsync;
        private int atMinInsync;
        private int reassigning;
        private int offline;
        private int notPreferred;

        Counts(ClusterView of) {
            this.of = of;
        }

        void add(PartitionView partition, int brokerId, int leastInsync) {
            boolean here = partition.replicas().contains(brokerId);
            replicas += here ? 1 : 0;
            outOfSync += here && !partition.isr().contains(brokerId) && !partition.adding().contains(brokerId) ? 1 : 0;
            offline += partition.leader() == PartitionView.NO_LEADER ? 1 : 0;
            notPreferred += partition.leader() == partition.replicas().get(0) ? 0 : 1;
            if (partition.leader() == brokerId) {
                addLed(partition, leastInsync);
            }
        }

        private void addLed(PartitionView partition, int leastInsync) {
            int inSync = partition.isr().size();
            int needed = Math.min(leastInsync, partition.replicas().size());
            led++;
            reassigning += partition.reassigning() ? 1 : 0;
            underReplicated += inSync < partition.replicas().size() - partition.adding().size() ? 1 : 0;
            underMinInsync += inSync < needed ? 1 : 0;
            atMinInsync += inSync == needed ? 1 : 0;
        }
    }
}
