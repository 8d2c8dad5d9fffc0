package io.firn.gateway.share;

import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.coordinator.share.ShareCoordinator;

/**
 * State of share groups: the life of Kafka's share coordinator over {@code __share_group_state}. Apart from {@link ShareService}, so that the library is not loaded before a share group
 * needs it.
 */
public final class ShareCoordination {
    /** Kafka's {@code share.coordinator.state.topic.num.partitions}. */
    private static final String PARTITIONS_SETTING = "share.coordinator.state.topic.num.partitions";
    private static final int DEFAULT_PARTITIONS = 50;
    private static final String REPLICAS_SETTING = "share.coordinator.state.topic.replication.factor";
    private static final int DEFAULT_REPLICAS = 3;

    private ShareCoordination() {}

    /** Partitions {@code __share_group_state} is to get, out of all of {@code group.settings}. */
    public static int partitions(Map<String, String> settings) {
        return Optional.ofNullable(settings.get(PARTITIONS_SETTING)).map(Integer::parseInt).orElse(DEFAULT_PARTITIONS);
    }

    /**
     * Replicas {@code __share_group_state} is to get, out of all of {@code group.settings}; fewer in a cluster that has fewer brokers, dead ones counted.
     *
     * @param voters brokers that the cluster is known to have; 0 for a single broker
     */
    public static ToIntFunction<ClusterView> replicas(Map<String, String> settings, int voters) {
        int wanted = Optional.ofNullable(settings.get(REPLICAS_SETTING)).map(Integer::parseInt).orElse(DEFAULT_REPLICAS);
        return view -> Math.min(wanted, Math.max(1, Math.max(voters, view.brokers().size())));
    }

    /**
     * @param statePartitions partitions {@code __share_group_state} will get, while it does not exist
     * @param settings asked when the coordinator starts
     */
    public static Coordination<ShareCoordinator> of(int brokerId, int statePartitions, Supplier<ShareSettings> settings, Metadata metadata, Partitions partitions, InstantSource clock) {
        return new Coordination<>(new Coordination.Kind("share", Topic.SHARE_GROUP_STATE_TOPIC_NAME, statePartitions),
                (count, loads) -> ShareService.start(brokerId, settings.get(), partitions, clock, loads, count), metadata, partitions);
    }
}
