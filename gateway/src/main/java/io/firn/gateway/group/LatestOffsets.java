package io.firn.gateway.group;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.wire.PeerReply;
import io.firn.membership.PartitionView;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.apache.kafka.server.util.PartitionMetadataClient;

/**
 * Tells the coordinator where partitions end, for the lag of share groups: of those led here by message, of others with one ListOffsets to each leader.
 *
 * <p>Thread-safe; answers come on the partitions' loops, or where those of other brokers are taken.
 */
final class LatestOffsets implements PartitionMetadataClient {
    private static final int TIMEOUT_MS = 5_000;
    private static final OffsetResponse NOBODY = new OffsetResponse(-1, Errors.NOT_LEADER_OR_FOLLOWER);

    private final Partitions partitions;
    private final Peers peers;

    LatestOffsets(Partitions partitions, Peers peers) {
        this.partitions = partitions;
        this.peers = peers;
    }

    @Override
    public Map<TopicPartition, CompletableFuture<OffsetResponse>> listLatestOffsets(Set<TopicPartition> asked) {
        Map<TopicPartition, CompletableFuture<OffsetResponse>> answers = new HashMap<>();
        Map<Integer, Set<TopicPartition>> elsewhere = new HashMap<>();
        asked.forEach(tp -> {
            int leader = peers.leaderOf(tp.topic(), tp.partition());
            if (leader == peers.brokerId() || leader == PartitionView.NO_LEADER) {
                answers.put(tp, here(tp));
            } else {
                elsewhere.computeIfAbsent(leader, broker -> new HashSet<>()).add(tp);
            }
        });
        elsewhere.forEach((leader, those) -> ask(leader, those, answers));
        return answers;
    }

    private CompletableFuture<OffsetResponse> here(TopicPartition tp) {
        Optional<Partition> found = partitions.find(tp.topic(), tp.partition());
        if (found.isEmpty()) {
            return CompletableFuture.completedFuture(NOBODY);
        }
        return CompletableFuture.supplyAsync(() -> new OffsetResponse(found.get().highWatermark(), Errors.NONE), found.get().loop())
                .exceptionally(failure -> new OffsetResponse(-1, ErrorMapping.of(failure)));
    }

    private void ask(int leader, Set<TopicPartition> those, Map<TopicPartition, CompletableFuture<OffsetResponse>> answers) {
        CompletableFuture<Map<TopicPartition, OffsetResponse>> told = peers.transport().send(leader, peers.loop(), request(those), TIMEOUT_MS).thenApply(LatestOffsets::told);
        those.forEach(tp -> answers.put(tp, told.handle((offsets, failure) -> failure == null ? offsets.getOrDefault(tp, NOBODY) : new OffsetResponse(-1, Errors.NETWORK_EXCEPTION))));
    }

    private static ListOffsetsRequest.Builder request(Set<TopicPartition> those) {
        Map<String, ListOffsetsTopic> topics = new HashMap<>();
        those.forEach(tp -> topics.computeIfAbsent(tp.topic(), name -> new ListOffsetsTopic().setName(name)).partitions()
                .add(new ListOffsetsPartition().setPartitionIndex(tp.partition()).setTimestamp(ListOffsetsRequest.LATEST_TIMESTAMP)));
        return ListOffsetsRequest.Builder.forConsumer(false, IsolationLevel.READ_UNCOMMITTED).setTargetTimes(List.copyOf(topics.values())).setTimeoutMs(TIMEOUT_MS);
    }

    private static Map<TopicPartition, OffsetResponse> told(PeerReply reply) {
        try {
            Map<TopicPartition, OffsetResponse> offsets = new HashMap<>();
            ((ListOffsetsResponse) reply.response()).topics().forEach(topic -> topic.partitions().forEach(partition -> offsets.put(
                    new TopicPartition(topic.name(), partition.partitionIndex()), new OffsetResponse(partition.offset(), Errors.forCode(partition.errorCode())))));
            return offsets;
        } finally {
            reply.release().run();
        }
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
