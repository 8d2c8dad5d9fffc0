package io.firn.membership.controller;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.entry.Entry;
import java.util.random.RandomGenerator;

/**
 * Decides commands. Immutable; the decision is a function of the view, the command and the policy, with chance only in where the first replica of a topic goes.
 *
 * <p>Invariant: the entries of an accepted command apply to the view it was decided on.
 */
public final class Controller {

    private final TopicDecisions topics;
    private final ConfigDecisions configs;
    private final ClientDecisions clients;
    private final BrokerDecisions brokers;
    private final PartitionDecisions partitions;
    private final ReassignmentDecisions reassignments;

    public Controller(Policy policy) {
        this.topics = new TopicDecisions(policy);
        this.configs = new ConfigDecisions(policy);
        this.clients = new ClientDecisions(policy);
        this.brokers = new BrokerDecisions(policy);
        this.partitions = new PartitionDecisions(policy);
        this.reassignments = new ReassignmentDecisions(policy);
    }

    public Decision decide(ClusterView view, Command command, RandomGenerator random) {
        if (command instanceof Command.RegisterBroker register) {
            return brokers.register(view, register);
        } else if (command instanceof Command.UnfenceBroker unfence) {
            return brokers.unfence(view, unfence);
        } else if (command instanceof Command.FenceBroker fence) {
            return brokers.fence(view, fence);
        } else if (command instanceof Command.ShutDownBroker shutDown) {
            return brokers.shutDown(view, shutDown);
        } else if (command instanceof Command.UnregisterBroker unregister) {
            return brokers.unregister(view, unregister);
        } else if (command instanceof Command.AlterIsr alter) {
            return partitions.alterIsr(view, alter);
        } else if (command instanceof Command.ElectLeaders elect) {
            return partitions.elect(view, elect);
        } else if (command instanceof Command.BalanceLeaders balance) {
            return partitions.balance(view, balance);
        } else if (command instanceof Command.ReassignPartitions reassign) {
            return reassignments.reassign(view, reassign);
        } else if (command instanceof Command.DrainBroker drain) {
            return reassignments.drain(view, drain);
        } else if (command instanceof Command.EndDrain end) {
            return reassignments.endDrain(view, end);
        } else if (command instanceof Command.CreateTopic create) {
            return topics.create(view, create, random);
        } else if (command instanceof Command.RestoreTopic restore) {
            return topics.restore(view, restore, random);
        } else if (command instanceof Command.DeleteTopic delete) {
            return topics.delete(view, delete);
        } else if (command instanceof Command.BuryTopics bury) {
            return topics.bury(view, bury);
        } else if (command instanceof Command.AddPartitions add) {
            return topics.grow(view, add, random);
        } else if (command instanceof Command.AlterConfigs alter) {
            return configs.alter(view, alter);
        } else if (command instanceof Command.AlterClientQuotas alter) {
            return clients.alter(view, alter);
        } else if (command instanceof Command.AlterScramCredential alter) {
            return clients.alter(view, alter);
        } else if (command instanceof Command.AllocateProducerIds allocate) {
            return allocate(view, allocate);
        }
        throw new IllegalStateException("no decision for " + command.getClass());
    }

    private static Decision allocate(ClusterView view, Command.AllocateProducerIds allocate) {
        if (view.nextProducerId() > Long.MAX_VALUE - allocate.count()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "all producer ids are used up");
        }
        return Decision.accept(new Entry.ProducerIdsAllocated(view.nextProducerId() + allocate.count()));
    }
}
