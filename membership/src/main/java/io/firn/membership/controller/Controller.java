package io.firn.membership.controller;

import io.firn.membership.BrokerView;
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

    private final Policy policy;
    private final TopicDecisions topics;
    private final ConfigDecisions configs;
    private final ClientDecisions clients;

    public Controller(Policy policy) {
        this.policy = policy;
        this.topics = new TopicDecisions(policy);
        this.configs = new ConfigDecisions(policy);
        this.clients = new ClientDecisions(policy);
    }

    public Decision decide(ClusterView view, Command command, RandomGenerator random) {
        if (command instanceof Command.RegisterBroker register) {
            return register(view, register);
        } else if (command instanceof Command.CreateTopic create) {
            return topics.create(view, create, random);
        } else if (command instanceof Command.DeleteTopic delete) {
            return topics.delete(view, delete);
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

    /** The version of the entry that registers it serves as broker epoch: it grows with every registration of any broker. */
    private Decision register(ClusterView view, Command.RegisterBroker register) {
        if (!view.brokers().containsKey(register.id()) && view.brokers().size() >= policy.maxBrokers()) {
            return Decision.refuse(Reason.UNKNOWN_BROKER, "broker " + register.id() + " is not part of this cluster, which belongs to " + view.brokers().keySet()
                    + " and has room for " + policy.maxBrokers());
        }
        BrokerView broker = new BrokerView(register.id(), view.version() + 1, register.host(), register.port(), register.rack(), false);
        return Decision.accept(new Entry.BrokerRegistered(broker));
    }

    private static Decision allocate(ClusterView view, Command.AllocateProducerIds allocate) {
        if (view.nextProducerId() > Long.MAX_VALUE - allocate.count()) {
            return Decision.refuse(Reason.LIMIT_EXCEEDED, "all producer ids are used up");
        }
        return Decision.accept(new Entry.ProducerIdsAllocated(view.nextProducerId() + allocate.count()));
    }
}
