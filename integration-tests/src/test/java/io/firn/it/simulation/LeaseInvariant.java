package io.firn.it.simulation;

import io.firn.membership.BrokerView;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;

/** A leader whose lease is over acknowledges nothing once another can lead: when a process acknowledges, no view that is committed has it fenced, or another process registered in its place. */
final class LeaseInvariant {

    private final Cluster cluster;

    LeaseInvariant(Cluster cluster) {
        this.cluster = cluster;
    }

    void acknowledged(Life life, TopicIdPartition partition) {
        Optional<BrokerView> known = Optional.ofNullable(cluster.newest().brokers().get(life.id));
        if (known.isEmpty() || known.get().fenced() || known.get().epoch() != life.brokerEpoch()) {
            throw new Violation("without a lease nothing is acknowledged", "broker " + life.id + " acknowledges records of " + partition.topicPartition() + ", but the controller has said: " + known);
        }
    }
}
