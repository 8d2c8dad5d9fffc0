package io.firn.gateway.share;

import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.Metadata;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
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

    private ShareCoordination() {}

    /** Partitions {@code __share_group_state} is to get, out of all of {@code group.settings}. */
    public static int partitions(Map<String, String> settings) {
        return Optional.ofNullable(settings.get(PARTITIONS_SETTING)).map(Integer::parseInt).orElse(DEFAULT_PARTITIONS);
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
