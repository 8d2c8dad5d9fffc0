package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.controller.PartitionStep.Election;
import io.firn.membership.entry.PartitionChange;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;

/**
 * A view as elections see it: who may lead, and where a leader may be elected that was not in sync.
 *
 * <p>Partitions are found by looking at all of them. Only what concerns a whole broker or the whole cluster does so; see the README for what it costs.
 *
 * <p>Threading: confined to one decision.
 */
final class Cluster {

    /** Kafka's topic and broker config. */
    static final String UNCLEAN_ELECTION = "unclean.leader.election.enable";

    private final ClusterView view;
    private final Policy policy;
    private final Set<Integer> active = new HashSet<>();

    private Cluster(ClusterView view, Policy policy) {
        this.view = view;
        this.policy = policy;
    }

    static Cluster of(ClusterView view, Policy policy) {
        Cluster cluster = new Cluster(view, policy);
        view.brokers().values().stream().filter(BrokerView::active).forEach(broker -> cluster.active.add(broker.id()));
        return cluster;
    }

    /** As it will be once the broker may lead. */
    Cluster with(int broker) {
        active.add(broker);
        return this;
    }

    /** As it will be once the broker may not lead. */
    Cluster without(int broker) {
        active.remove(broker);
        return this;
    }

    ClusterView view() {
        return view;
    }

    IntPredicate active() {
        return active::contains;
    }

    boolean uncleanAllowed(TopicView topic) {
        return Optional.ofNullable(topic.configs().get(UNCLEAN_ELECTION))
                .or(() -> Optional.ofNullable(view.brokerConfigs().get(ClusterView.ALL_BROKERS)).map(defaults -> defaults.get(UNCLEAN_ELECTION)))
                .map(value -> value.equalsIgnoreCase("true")).orElse(policy.uncleanElection());
    }

    /** A step of the partition, with the election its topic allows. */
    PartitionStep step(TopicView topic, PartitionView partition) {
        return new PartitionStep(partition, active()).electing(uncleanAllowed(topic) ? Election.UNCLEAN : Election.CLEAN);
    }

    /** Leaders for partitions that have none, where there can be one. */
    PartitionChanges electMissing() {
        return changes((topic, partition) -> partition.leader() == PartitionView.NO_LEADER, (topic, partition) -> step(topic, partition).change());
    }

    /** The changes of all partitions that are meant. */
    PartitionChanges changes(BiPredicate<TopicView, PartitionView> meant, BiFunction<TopicView, PartitionView, Optional<PartitionChange>> change) {
        PartitionChanges changes = new PartitionChanges();
        for (TopicView topic : view.topics().values()) {
            for (PartitionView partition : topic.partitions()) {
                if (meant.test(topic, partition)) {
                    change.apply(topic, partition).ifPresent(then -> changes.add(topic, then));
                }
            }
        }
        return changes;
    }
}
