package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionOutcome.Refusal;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * Decides where replicas move (KIP-455). Immutable.
 *
 * <p>A reassignment begins by adding replicas and ends, in the decision that brings the last of them in sync, by removing what the target does not name. At any time it can be
 * replaced by another target or cancelled.
 */
final class ReassignmentDecisions {

    private final Policy policy;

    ReassignmentDecisions(Policy policy) {
        this.policy = policy;
    }

    Decision reassign(ClusterView view, Command.ReassignPartitions reassign) {
        Cluster cluster = Cluster.of(view, policy);
        PartitionChanges changes = new PartitionChanges();
        List<PartitionOutcome> outcomes = new ArrayList<>();
        Set<TopicPartition> seen = new HashSet<>();
        for (Command.Reassignment one : reassign.reassignments()) {
            outcomes.add(new PartitionOutcome(one.partition(),
                    seen.add(one.partition()) ? reassign(cluster, one, reassign.allowFactorChange(), changes) : PartitionDecisions.twice()));
        }
        return new Decision.Accepted(changes.entries(), outcomes);
    }

    private static Optional<Refusal> reassign(Cluster cluster, Command.Reassignment one, boolean allowFactorChange, PartitionChanges changes) {
        Optional<TopicView> topic = cluster.view().topic(one.partition().topic());
        if (topic.isEmpty()) {
            return PartitionDecisions.refused(Reason.UNKNOWN_TOPIC, "there is no topic named " + one.partition().topic());
        }
        Optional<PartitionView> partition = PartitionDecisions.partition(topic.get(), one.partition().partition());
        if (partition.isEmpty()) {
            return PartitionDecisions.refused(Reason.UNKNOWN_PARTITION, "there is no partition " + one.partition());
        }
        return one.replicas().map(target -> begin(cluster, topic.get(), partition.get(), target, allowFactorChange, changes))
                .orElseGet(() -> cancel(cluster, topic.get(), partition.get(), changes));
    }

    private static Optional<Refusal> begin(Cluster cluster, TopicView topic, PartitionView partition, List<Integer> target, boolean allowFactorChange, PartitionChanges changes) {
        Optional<String> wrong = wrong(cluster.view(), target);
        if (wrong.isPresent()) {
            return PartitionDecisions.refused(Reason.INVALID_ASSIGNMENT, wrong.get());
        }
        if (!allowFactorChange && target.size() != partition.target().size()) {
            return PartitionDecisions.refused(Reason.INVALID_REPLICATION_FACTOR,
                    "the replication factor would change from " + partition.target().size() + " to " + target.size());
        }
        new PartitionStep(partition, cluster.active()).reassign(target).change().ifPresent(change -> changes.add(topic, change));
        return Optional.empty();
    }

    private static Optional<String> wrong(ClusterView view, List<Integer> target) {
        if (target.isEmpty()) {
            return Optional.of("a partition has one replica at least");
        }
        if (new HashSet<>(target).size() != target.size()) {
            return Optional.of("a broker is named twice in " + target);
        }
        return target.stream().filter(id -> !view.brokers().containsKey(id)).findFirst().map(id -> "there is no broker " + id);
    }

    private static Optional<Refusal> cancel(Cluster cluster, TopicView topic, PartitionView partition, PartitionChanges changes) {
        if (!partition.reassigning()) {
            return PartitionDecisions.refused(Reason.NO_REASSIGNMENT_IN_PROGRESS, "no reassignment of " + topic.name() + "-" + partition.partition() + " is under way");
        }
        boolean rescued = cluster.uncleanAllowed(topic) && partition.replicas().stream().anyMatch(id -> !partition.adding().contains(id) && cluster.active().test(id));
        if (PartitionStep.cancelIsUnclean(partition) && !rescued) {
            return PartitionDecisions.refused(Reason.INVALID_ASSIGNMENT, "only replicas that are being added are in sync; cancelling would take an unclean election");
        }
        cluster.step(topic, partition).cancel().change().ifPresent(change -> changes.add(topic, change));
        return Optional.empty();
    }

    /** Moves what is on the broker, up to the number asked for. A partition that leaves it already is not counted again. */
    Decision drain(ClusterView view, Command.DrainBroker drain) {
        BrokerView broker = view.brokers().get(drain.id());
        if (broker == null) {
            return Decision.refuse(Reason.UNKNOWN_BROKER, "there is no broker " + drain.id());
        }
        List<Entry> entries = new ArrayList<>(BrokerDecisions.draining(broker, true).stream().toList());
        Cluster cluster = Cluster.of(view, policy);
        Replacement replacement = Replacement.of(view, drain.id());
        PartitionChanges changes = new PartitionChanges();
        List<PartitionOutcome> outcomes = new ArrayList<>();
        int left = drain.maxMoves();
        for (TopicView topic : view.topics().values()) {
            for (PartitionView partition : topic.partitions()) {
                if (left > 0 && partition.target().contains(drain.id())) {
                    Optional<List<Integer>> target = replacement.without(partition.target());
                    target.flatMap(to -> new PartitionStep(partition, cluster.active()).reassign(to).change()).ifPresent(change -> changes.add(topic, change));
                    left -= target.isPresent() ? 1 : 0;
                    TopicPartition name = new TopicPartition(topic.name(), partition.partition());
                    outcomes.add(target.isPresent() ? PartitionOutcome.done(name)
                            : PartitionOutcome.refused(name, Reason.INVALID_REPLICATION_FACTOR, "no other broker is alive that has no replica of it yet"));
                }
            }
        }
        entries.addAll(changes.entries());
        return new Decision.Accepted(entries, outcomes);
    }

    Decision endDrain(ClusterView view, Command.EndDrain end) {
        BrokerView broker = view.brokers().get(end.id());
        return broker == null ? Decision.refuse(Reason.UNKNOWN_BROKER, "there is no broker " + end.id())
                : new Decision.Accepted(BrokerDecisions.draining(broker, false).stream().toList());
    }
}
