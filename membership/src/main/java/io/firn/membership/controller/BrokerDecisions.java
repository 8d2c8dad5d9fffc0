package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/**
 * Decides the life of brokers: registered and fenced ─▶ unfenced ─▶ (in controlled shutdown) ─▶ fenced ─▶ registered anew or unregistered. Immutable.
 *
 * <p>Who leaves takes its leaderships and its places in sync along in the same decision, so that no view shows a fenced leader.
 */
final class BrokerDecisions {

    private final Policy policy;

    BrokerDecisions(Policy policy) {
        this.policy = policy;
    }

    /** The version of the entry that registers it serves as broker epoch: it grows with every registration of any broker. */
    Decision register(ClusterView view, Command.RegisterBroker register) {
        Optional<BrokerView> former = Optional.ofNullable(view.brokers().get(register.id()));
        if (former.isEmpty() && view.brokers().size() >= policy.maxBrokers()) {
            return Decision.refuse(Reason.UNKNOWN_BROKER, "broker " + register.id() + " is not part of this cluster, which belongs to " + view.brokers().keySet()
                    + " and has room for " + policy.maxBrokers());
        }
        if (!policy.fencesNewcomers()) {
            return Decision.accept(new Entry.BrokerRegistered(registered(view, register, false, former)));
        }
        return refusal(view, register, former).orElseGet(() -> former.filter(broker -> broker.incarnation().process().equals(register.incarnation().process()))
                .map(same -> amend(same, register)).orElseGet(() -> begin(view, register, former)));
    }

    private static Optional<Decision> refusal(ClusterView view, Command.RegisterBroker register, Optional<BrokerView> former) {
        Incarnation incarnation = register.incarnation();
        if (!incarnation.known()) {
            return Optional.of(Decision.refuse(Reason.INVALID_REGISTRATION, "a broker of a cluster registers with the ids of its process and of its data directory"));
        }
        Optional<BrokerView> other = view.brokers().values().stream()
                .filter(broker -> broker.id() != register.id() && broker.incarnation().directory().equals(incarnation.directory())).findAny();
        if (other.isPresent()) {
            return Optional.of(Decision.refuse(Reason.INVALID_REGISTRATION, "the data directory " + incarnation.directory() + " belongs to broker " + other.get().id()));
        }
        boolean sameProcess = former.filter(broker -> broker.incarnation().process().equals(incarnation.process())).isPresent();
        if (sameProcess && incarnation.lost(former.get().incarnation())) {
            return Optional.of(Decision.refuse(Reason.INVALID_REGISTRATION, "a process keeps its data directory"));
        }
        return former.filter(broker -> !broker.fenced() && !sameProcess && !broker.incarnation().directory().equals(incarnation.directory()))
                .map(alive -> Decision.refuse(Reason.DUPLICATE_BROKER, "another process is registered as broker " + alive.id() + " and has not been taken for dead yet"));
    }

    private static Decision amend(BrokerView former, Command.RegisterBroker register) {
        BrokerView amended = new BrokerView(former.id(), former.epoch(), former.incarnation(), register.endpoints(), register.rack(), former.fenced(),
                former.inControlledShutdown(), former.draining());
        return amended.equals(former) ? new Decision.Accepted(List.of()) : Decision.accept(new Entry.BrokerRegistered(amended));
    }

    /**
     * A broker that was fenced is in sync only where it was the last; if it has lost its disk, what only it had is lost. One that was not is fenced in the same decision: the new process has the
     * lock of the data directory, so the old one has ended, and what the new one leads it has to lead under new epochs.
     */
    private Decision begin(ClusterView view, Command.RegisterBroker register, Optional<BrokerView> former) {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry.BrokerRegistered(registered(view, register, true, former)));
        if (former.filter(broker -> !broker.fenced()).isPresent()) {
            entries.addAll(departure(Cluster.of(view, policy), register.id()).entries());
        } else if (former.filter(broker -> register.incarnation().lost(broker.incarnation())).isPresent()) {
            Cluster cluster = Cluster.of(view, policy).without(register.id());
            entries.addAll(cluster.changes((topic, partition) -> partition.isr().contains(register.id()),
                    (topic, partition) -> cluster.step(topic, partition).lose(register.id()).change()).entries());
        }
        return new Decision.Accepted(entries);
    }

    private static BrokerView registered(ClusterView view, Command.RegisterBroker register, boolean fenced, Optional<BrokerView> former) {
        return new BrokerView(register.id(), view.version() + 1, register.incarnation(), register.endpoints(), register.rack(), fenced, false,
                former.filter(BrokerView::draining).isPresent());
    }

    Decision unfence(ClusterView view, Command.UnfenceBroker unfence) {
        BrokerView broker = view.brokers().get(unfence.id());
        if (stale(broker, unfence.epoch())) {
            return refuseStale(unfence.id(), unfence.epoch());
        }
        if (broker.inControlledShutdown()) {
            return Decision.refuse(Reason.STALE_BROKER_EPOCH, "broker " + unfence.id() + " is about to stop; it has to register anew");
        }
        if (!broker.fenced()) {
            return new Decision.Accepted(List.of());
        }
        if (unfence.appliedVersion() < broker.epoch()) {
            return Decision.refuse(Reason.NOT_CAUGHT_UP, "broker " + unfence.id() + " has applied entry " + unfence.appliedVersion() + " and was registered by " + broker.epoch());
        }
        Cluster cluster = Cluster.of(view, policy).with(unfence.id());
        List<Entry> entries = new ArrayList<>();
        entries.add(state(broker, false, false, broker.draining()));
        entries.addAll(cluster.electMissing().entries());
        return new Decision.Accepted(entries);
    }

    Decision fence(ClusterView view, Command.FenceBroker fence) {
        BrokerView broker = view.brokers().get(fence.id());
        if (stale(broker, fence.epoch())) {
            return refuseStale(fence.id(), fence.epoch());
        }
        if (fence.controllerEpoch() != Command.FenceBroker.ANY_CONTROLLER && fence.controllerEpoch() != view.controllerEpoch()) {
            return Decision.refuse(Reason.NOT_CONTROLLER, "controller " + fence.controllerEpoch() + ", which did not hear broker " + fence.id() + ", is not the controller any more");
        }
        if (broker.fenced()) {
            return new Decision.Accepted(List.of());
        }
        List<Entry> entries = new ArrayList<>();
        entries.add(state(broker, true, broker.inControlledShutdown(), broker.draining()));
        entries.addAll(departure(Cluster.of(view, policy), fence.id()).entries());
        return new Decision.Accepted(entries);
    }

    Decision shutDown(ClusterView view, Command.ShutDownBroker shutDown) {
        BrokerView broker = view.brokers().get(shutDown.id());
        if (stale(broker, shutDown.epoch())) {
            return refuseStale(shutDown.id(), shutDown.epoch());
        }
        if (broker.fenced()) {
            return new Decision.Accepted(List.of());
        }
        List<Entry> entries = new ArrayList<>();
        if (!broker.inControlledShutdown()) {
            entries.add(state(broker, false, true, broker.draining()));
        }
        Cluster cluster = Cluster.of(view, policy);
        entries.addAll(departure(cluster, shutDown.id()).entries());
        return new Decision.Accepted(entries, leaderless(cluster, shutDown.id()));
    }

    /** The broker leads nothing and is in sync nowhere, but where it was the last. */
    private static PartitionChanges departure(Cluster cluster, int broker) {
        cluster.without(broker);
        return cluster.changes((topic, partition) -> partition.isr().contains(broker), (topic, partition) -> cluster.step(topic, partition).leave(broker).change());
    }

    /** What has no leader once the broker does not lead: partitions it alone was in sync of, and where no unclean election helps. */
    private static List<PartitionOutcome> leaderless(Cluster cluster, int broker) {
        List<PartitionOutcome> outcomes = new ArrayList<>();
        for (TopicView topic : cluster.view().topics().values()) {
            for (PartitionView partition : topic.partitions()) {
                boolean last = partition.isr().size() == 1 && partition.isr().get(0) == broker;
                if (last && !(cluster.uncleanAllowed(topic) && partition.replicas().stream().anyMatch(cluster.active()::test))) {
                    outcomes.add(PartitionOutcome.refused(new TopicPartition(topic.name(), partition.partition()), Reason.ELIGIBLE_LEADERS_NOT_AVAILABLE,
                            "no other broker is in sync with broker " + broker));
                }
            }
        }
        return outcomes;
    }

    Decision unregister(ClusterView view, Command.UnregisterBroker unregister) {
        BrokerView broker = view.brokers().get(unregister.id());
        if (broker == null) {
            return Decision.refuse(Reason.UNKNOWN_BROKER, "there is no broker " + unregister.id());
        }
        if (!broker.fenced()) {
            return Decision.refuse(Reason.BROKER_IN_USE, "broker " + unregister.id() + " is alive");
        }
        Optional<TopicView> held = view.topics().values().stream()
                .filter(topic -> topic.partitions().stream().anyMatch(partition -> partition.replicas().contains(unregister.id()))).findAny();
        return held.map(topic -> Decision.refuse(Reason.BROKER_IN_USE, "broker " + unregister.id() + " holds replicas, of topic " + topic.name() + " among others"))
                .orElseGet(() -> Decision.accept(new Entry.BrokerUnregistered(broker.id(), broker.epoch())));
    }

    /** Whether it may get replicas. */
    static Optional<Entry> draining(BrokerView broker, boolean draining) {
        return broker.draining() == draining ? Optional.empty() : Optional.of(state(broker, broker.fenced(), broker.inControlledShutdown(), draining));
    }

    private static Entry state(BrokerView broker, boolean fenced, boolean inControlledShutdown, boolean draining) {
        return new Entry.BrokerStateChanged(broker.id(), broker.epoch(), fenced, inControlledShutdown, draining);
    }

    static boolean stale(BrokerView broker, long epoch) {
        return broker == null || broker.epoch() != epoch;
    }

    static Decision refuseStale(int id, long epoch) {
        return Decision.refuse(Reason.STALE_BROKER_EPOCH, "broker " + id + " is not registered with epoch " + epoch);
    }
}
