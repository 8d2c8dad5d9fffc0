package io.firn.gateway.group;

import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.peer.Peers;
import io.firn.membership.Metadata;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.share.persister.Persister;

/** Groups: the life of Kafka's group coordinator over {@code __consumer_offsets}. Apart from {@link GroupService}, so that the library is not loaded before a group needs it. */
public final class GroupCoordination {

    private GroupCoordination() {}

    /**
     * @param offsetsPartitions partitions {@code __consumer_offsets} will get, while it does not exist
     * @param settings asked when the coordinator starts
     * @param shareState keeps the state of share groups; asked when the coordinator starts
     * @param admission of transactions that commit offsets
     */
    public static Coordination<GroupCoordinator> of(Peers peers, int offsetsPartitions, Supplier<GroupSettings> settings, Supplier<Persister> shareState, Metadata metadata,
            Partitions partitions, TransactionAdmission admission, InstantSource clock) {
        return new Coordination<>(new Coordination.Kind("group", Topic.GROUP_METADATA_TOPIC_NAME, offsetsPartitions),
                (count, loads) -> GroupService.start(peers, settings.get(), shareState.get(), partitions, admission, clock, loads, count), metadata, partitions);
    }
}
