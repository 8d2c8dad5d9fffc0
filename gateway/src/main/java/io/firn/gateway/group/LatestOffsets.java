package io.firn.gateway.group;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.server.util.PartitionMetadataClient;

/** Tells the coordinator where partitions end, for the lag of share groups. Thread-safe; answers come on the partitions' loops. */
final class LatestOffsets implements PartitionMetadataClient {
    private final Partitions partitions;

    LatestOffsets(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public Map<TopicPartition, CompletableFuture<OffsetResponse>> listLatestOffsets(Set<TopicPartition> asked) {
        return asked.stream().collect(Collectors.toMap(tp -> tp, this::latest));
    }

    private CompletableFuture<OffsetResponse> latest(TopicPartition tp) {
        Optional<Partition> found = partitions.find(tp.topic(), tp.partition());
        if (found.isEmpty()) {
            return CompletableFuture.completedFuture(new OffsetResponse(-1, Errors.NOT_LEADER_OR_FOLLOWER));
        }
        return CompletableFuture.supplyAsync(() -> new OffsetResponse(found.get().highWatermark(), Errors.NONE), found.get().loop())
                .exceptionally(failure -> new OffsetResponse(-1, ErrorMapping.of(failure)));
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
