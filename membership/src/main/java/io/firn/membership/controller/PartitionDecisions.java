package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionOutcome.Refusal;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.controller.PartitionStep.Election;
import io.firn.membership.entry.PartitionChange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** Decides who is in sync and who leads, partition by partition. A refusal of one hinders no other. Immutable. */
final class PartitionDecisions {

    private final Policy policy;

    PartitionDecisions(Policy policy) {
        this.policy = policy;
    }

    Decision alterIsr(ClusterView view, Command.AlterIsr alter) {
        if (BrokerDecisions.stale(view.brokers().get(alter.leader()), alter.brokerEpoch())) {
            return BrokerDecisions.refuseStale(alter.leader(), alter.brokerEpoch());
        }
        Cluster cluster = Cluster.of(view, policy);
        PartitionChanges changes = new PartitionChanges();
        List<PartitionOutcome> outcomes = new ArrayList<>();
        Map<Uuid, Set<Integer>> seen = new HashMap<>();
        for (Command.IsrChange change : alter.changes()) {
            boolean first = seen.computeIfAbsent(change.topicId(), id -> new HashSet<>()).add(change.partition());
            TopicPartition name = new TopicPartition(view.topicNames().getOrDefault(change.topicId(), ""), change.partition());
            outcomes.add(new PartitionOutcome(name, first ? alterIsr(cluster, alter.leader(), change, changes) : twice()));
        }
        return new Decision.Accepted(changes.entries(), outcomes);
    }

    private static Optional<Refusal> alterIsr(Cluster cluster, int leader, Command.IsrChange change, PartitionChanges changes) {
        Optional<TopicView> topic = cluster.view().topic(change.topicId());
        if (topic.isEmpty()) {
            return refused(Reason.UNKNOWN_TOPIC_ID, "there is no topic with id " + change.topicId());
        }
        Optional<PartitionView> partition = partition(topic.get(), change.partition());
        if (partition.isEmpty()) {
            return refused(Reason.UNKNOWN_PARTITION, "topic " + topic.get().name() + " has no partition " + change.partition());
        }
        Optional<Refusal> refusal = checkEpochs(leader, change, partition.get()).or(() -> checkIsr(cluster.view(), change, partition.get()));
        if (refusal.isPresent()) {
            return refusal;
        }
        List<Integer> isr = change.isr().stream().map(Command.InSync::broker).toList();
        Optional<PartitionChange> then = cluster.step(topic.get(), partition.get()).isr(isr, change.recovering()).change();
        then.ifPresent(made -> changes.add(topic.get(), made));
        // What completes a reassignment may take the leader along.
        return then.filter(made -> made.leader() != leader).map(made -> new Refusal(Reason.NEW_LEADER_ELECTED, "broker " + made.leader() + " leads from here on"));
    }

    private static Optional<Refusal> checkEpochs(int leader, Command.IsrChange change, PartitionView partition) {
        if (change.leaderEpoch() > partition.leaderEpoch() || change.partitionEpoch() > partition.partitionEpoch()) {
            return refused(Reason.NOT_CONTROLLER, "the leader knows a later epoch than this controller");
        }
        if (change.leaderEpoch() < partition.leaderEpoch()) {
            return refused(Reason.FENCED_LEADER_EPOCH, "the leader epoch is " + partition.leaderEpoch() + " since");
        }
        if (leader != partition.leader()) {
            return refused(Reason.INVALID_REQUEST, "broker " + leader + " is not the leader");
        }
        return change.partitionEpoch() < partition.partitionEpoch() ? refused(Reason.STALE_PARTITION_EPOCH, "the partition epoch is " + partition.partitionEpoch() + " since")
                : Optional.empty();
    }

    private static Optional<Refusal> checkIsr(ClusterView view, Command.IsrChange change, PartitionView partition) {
        List<Integer> isr = change.isr().stream().map(Command.InSync::broker).toList();
        if (new HashSet<>(isr).size() != isr.size() || !partition.replicas().containsAll(isr)) {
            return refused(Reason.INVALID_REQUEST, isr + " are not different replicas of " + partition.replicas());
        }
        if (!isr.contains(partition.leader()) && !mayGiveUp(isr, partition)) {
            return refused(Reason.INVALID_REQUEST, "a leader is in sync; it gives up where all replicas are, and only to all the others: not to " + isr + " of " + partition.isr());
        }
        if (change.recovering() && (isr.size() > 1 || !partition.recovering())) {
            return refused(Reason.INVALID_REQUEST, "a leader that recovers from an unclean election is in sync alone");
        }
        return change.isr().stream().filter(member -> !eligible(view, member)).findFirst().flatMap(
                member -> refused(Reason.INELIGIBLE_REPLICA, "broker " + member.broker() + " is fenced, about to stop or has registered anew"));
    }

    /** One leader after the other could meet the same, sent again by the same client: the first that gave up is out of sync until its log is opened anew, and till then no other may. */
    private static boolean mayGiveUp(List<Integer> isr, PartitionView partition) {
        boolean allInSync = partition.isr().containsAll(partition.replicas());
        return allInSync && !isr.isEmpty() && isr.size() == partition.replicas().size() - 1 && !partition.recovering();
    }

    private static boolean eligible(ClusterView view, Command.InSync member) {
        BrokerView broker = view.brokers().get(member.broker());
        return broker != null && broker.active() && (member.brokerEpoch() == Command.InSync.ANY_EPOCH || member.brokerEpoch() == broker.epoch());
    }

    Decision elect(ClusterView view, Command.ElectLeaders elect) {
        Cluster cluster = Cluster.of(view, policy);
        PartitionChanges changes = new PartitionChanges();
        List<PartitionOutcome> outcomes = new ArrayList<>();
        if (elect.partitions().isPresent()) {
            Set<TopicPartition> seen = new HashSet<>();
            elect.partitions().get().forEach(name -> outcomes.add(new PartitionOutcome(name, seen.add(name) ? elect(cluster, elect.election(), name, changes) : twice())));
        } else {
            view.topics().values().forEach(topic -> topic.partitions().forEach(partition -> {
                Optional<Refusal> refusal = elect(cluster, elect.election(), topic, partition, changes);
                if (refusal.filter(not -> not.reason() == Reason.ELECTION_NOT_NEEDED).isEmpty()) {
                    outcomes.add(new PartitionOutcome(new TopicPartition(topic.name(), partition.partition()), refusal));
                }
            }));
        }
        return new Decision.Accepted(changes.entries(), outcomes);
    }

    private static Optional<Refusal> elect(Cluster cluster, Command.Election election, TopicPartition name, PartitionChanges changes) {
        Optional<TopicView> topic = cluster.view().topic(name.topic());
        if (topic.isEmpty()) {
            return refused(Reason.UNKNOWN_TOPIC, "there is no topic named " + name.topic());
        }
        return partition(topic.get(), name.partition()).map(partition -> elect(cluster, election, topic.get(), partition, changes))
                .orElseGet(() -> refused(Reason.UNKNOWN_PARTITION, "there is no partition " + name));
    }

    private static Optional<Refusal> elect(Cluster cluster, Command.Election election, TopicView topic, PartitionView partition, PartitionChanges changes) {
        boolean preferred = election == Command.Election.PREFERRED;
        if (preferred ? partition.leader() == partition.replicas().get(0) : partition.leader() != PartitionView.NO_LEADER) {
            return refused(Reason.ELECTION_NOT_NEEDED, preferred ? "the preferred leader leads already" : "there is a leader");
        }
        Optional<PartitionChange> change = new PartitionStep(partition, cluster.active()).electing(preferred ? Election.PREFERRED : Election.UNCLEAN).change();
        change.ifPresent(then -> changes.add(topic, then));
        if (change.isPresent()) {
            return Optional.empty();
        }
        return preferred ? refused(Reason.PREFERRED_LEADER_NOT_AVAILABLE, "the preferred leader is not alive or not in sync")
                : refused(Reason.ELIGIBLE_LEADERS_NOT_AVAILABLE, "no replica is alive");
    }

    /** Two passes: brokers that lead too few of the partitions they should lead, then those partitions. */
    Decision balance(ClusterView view, Command.BalanceLeaders balance) {
        Map<Integer, int[]> preferred = new HashMap<>();
        view.topics().values().forEach(topic -> topic.partitions().forEach(partition -> {
            int[] counts = preferred.computeIfAbsent(partition.replicas().get(0), id -> new int[2]);
            counts[0]++;
            counts[1] += partition.leader() == partition.replicas().get(0) ? 0 : 1;
        }));
        preferred.values().removeIf(counts -> counts[1] * 100L <= (long) balance.maxImbalancePercent() * counts[0]);
        Cluster cluster = Cluster.of(view, policy);
        preferred.keySet().removeIf(broker -> !cluster.active().test(broker));
        int[] left = {preferred.isEmpty() ? 0 : balance.maxElections()};
        return new Decision.Accepted(cluster.changes(
                (topic, partition) -> left[0] > 0 && partition.leader() != partition.replicas().get(0) && preferred.containsKey(partition.replicas().get(0)),
                (topic, partition) -> {
                    Optional<PartitionChange> change = new PartitionStep(partition, cluster.active()).electing(Election.PREFERRED).change();
                    left[0] -= change.isPresent() ? 1 : 0;
                    return change;
                }).entries());
    }

    static Optional<PartitionView> partition(TopicView topic, int partition) {
        return partition < 0 || partition >= topic.partitions().size() ? Optional.empty() : Optional.of(topic.partitions().get(partition));
    }

    static Optional<Refusal> refused(Reason reason, String message) {
        return Optional.of(new Refusal(reason, message));
    }

    static Optional<Refusal> twice() {
        return refused(Reason.INVALID_REQUEST, "the partition is named twice");
    }
}
