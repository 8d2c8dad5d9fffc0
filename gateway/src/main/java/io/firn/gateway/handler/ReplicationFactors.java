package io.firn.gateway.handler;

import io.firn.gateway.config.BrokerConfig;
import io.firn.membership.ClusterView;

/**
 * How many replicas topics get that nobody has chosen a number for. Immutable.
 *
 * <p>The coordinators' topics get what their settings say, and fewer in a cluster that has fewer brokers, dead ones counted. A cluster has its voters, even those that never registered: as long as
 * they are missing such a topic cannot be made, rather than with fewer replicas for ever.
 *
 * @param byDefault Kafka's {@code default.replication.factor}
 * @param offsets Kafka's {@code offsets.topic.replication.factor}
 * @param transactions Kafka's {@code transaction.state.log.replication.factor}
 * @param voters brokers that the cluster is known to have; 0 for a single broker
 */
record ReplicationFactors(int byDefault, int offsets, int transactions, int voters) {

    static ReplicationFactors of(BrokerConfig config) {
        return new ReplicationFactors(config.defaultReplicationFactor(), config.group().offsetsReplicationFactor(), config.transaction().stateReplicationFactor(), config.cluster().voterIds().size());
    }

    int offsets(ClusterView view) {
        return Math.min(offsets, brokers(view));
    }

    int transactions(ClusterView view) {
        return Math.min(transactions, brokers(view));
    }

    private int brokers(ClusterView view) {
        return Math.max(1, Math.max(voters, view.brokers().size()));
    }
}
