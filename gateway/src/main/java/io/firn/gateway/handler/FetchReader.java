package io.firn.gateway.handler;

import io.firn.gateway.quota.ThrottleQuota;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.requests.FetchRequest;

/** Who fetches. Immutable. */
sealed interface FetchReader {

    /**
     * Reads what is committed.
     *
     * @param anyReplica whether it may read from a replica that follows (KIP-392, version 11)
     * @param nearby brokers in its rack; empty if it named none, or if this one is among them
     * @param cutOff whether this broker is cut off: it serves what it has, and at the end sends to another ({@link io.firn.gateway.partition.Standing#cutOff})
     */
    record Consumer(boolean anyReplica, Set<Integer> nearby, boolean cutOff) implements FetchReader {}

    /**
     * Reads up to the log's end, and vouches for what lies below its offsets.
     *
     * @param brokerEpoch of its registration (KIP-903)
     * @param toldAtOnce whether a request that waits is answered when the high watermark moves, too, for the sake of those who read there
     * @param throttle of what goes out to replicas that are not in sync
     */
    record Replica(int brokerId, long brokerEpoch, boolean toldAtOnce, ThrottleQuota throttle) implements FetchReader {

        static Replica of(FetchRequest body, boolean toldAtOnce, ThrottleQuota throttle) {
            return new Replica(body.replicaId(), body.replicaEpoch(), toldAtOnce, throttle);
        }
    }

    /**
     * A leader whose object in the bucket is broken reads what is committed from the local log of a replica that follows it, and from nowhere else. What it asks for counts for nothing.
     *
     * @param brokerEpoch of its registration
     * @param view to know the leader by
     */
    record Mender(long brokerEpoch, ClusterView view) implements FetchReader {

        /** Whether it is the broker that leads the partition. */
        boolean leads(TopicIdPartition id) {
            Optional<BrokerView> leader = view.partition(id.topic(), id.partition()).flatMap(placed -> Optional.ofNullable(view.brokers().get(placed.leader())));
            return leader.filter(broker -> broker.epoch() == brokerEpoch).isPresent();
        }
    }
}
