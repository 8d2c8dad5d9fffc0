package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.Timer;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Partitions.Found;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;

/**
 * ListOffsets: offsets by time or by place, over both tiers. A search in the cold tier holds no thread.
 *
 * <p>Thread-safe: no state of its own.
 */
final class ListOffsetsHandler implements ApiHandler {
    /** Longest search when the request names no time limit (before version 10); Kafka's {@code remote.list.offsets.request.timeout.ms}. */
    static final long DEFAULT_TIMEOUT_MS = 30_000;

    private static final short FIRST_VERSION_WITH_NOT_AVAILABLE = 5;

    private final Partitions partitions;
    private final Timer timer;

    ListOffsetsHandler(Partitions partitions, Timer timer) {
        this.partitions = partitions;
        this.timer = timer;
    }

    @Override
    public void handle(Request request) {
        ListOffsetsRequest body = (ListOffsetsRequest) request.body();
        List<CompletableFuture<ListOffsetsTopicResponse>> topics = body.topics().stream().map(topic -> topic(body, topic)).toList();
        Gather.answer(request, Gather.all(topics).thenApply(all -> new ListOffsetsResponseData().setTopics(all)));
    }

    private CompletableFuture<ListOffsetsTopicResponse> topic(ListOffsetsRequest body, ListOffsetsTopic topic) {
        List<CompletableFuture<ListOffsetsPartitionResponse>> results = topic.partitions().stream().map(asked -> partition(body, topic.name(), asked)).toList();
        return Gather.all(results).thenApply(all -> new ListOffsetsTopicResponse().setName(topic.name()).setPartitions(all));
    }

    private CompletableFuture<ListOffsetsPartitionResponse> partition(ListOffsetsRequest body, String topic, ListOffsetsPartition asked) {
        if (body.duplicatePartitions().contains(new TopicPartition(topic, asked.partitionIndex()))) {
            return CompletableFuture.completedFuture(failed(asked, Errors.INVALID_REQUEST));
        }
        if (!OffsetLookup.supported(asked.timestamp(), body.version())) {
            return CompletableFuture.completedFuture(failed(asked, Errors.UNSUPPORTED_VERSION));
        }
        Found found = LeaderEpochs.locate(partitions, topic, asked.partitionIndex());
        if (found.error() != Errors.NONE) {
            return CompletableFuture.completedFuture(failed(asked, found.error()));
        }
        CompletableFuture<ListOffsetsPartitionResponse> search = Gather.onLoop(found.partition(), partition -> search(body, partition, asked));
        Runnable cancel = timer.after(timeoutMs(body), () -> search.completeExceptionally(new TimeoutException("The search took too long.")));
        return search.whenComplete((result, failure) -> cancel.run()).exceptionally(failure -> failed(asked, Failures.of(failure).error()));
    }

    private static CompletableFuture<ListOffsetsPartitionResponse> search(ListOffsetsRequest body, Partition partition, ListOffsetsPartition asked) {
        Errors fenced = LeaderEpochs.check(asked.currentLeaderEpoch(), partition.leaderEpoch());
        if (fenced != Errors.NONE) {
            return CompletableFuture.completedFuture(failed(asked, fenced));
        }
        if (partition.log().offlineReason().isPresent()) {
            return CompletableFuture.completedFuture(failed(asked, Errors.KAFKA_STORAGE_ERROR));
        }
        boolean consumer = body.replicaId() == ListOffsetsRequest.CONSUMER_REPLICA_ID;
        boolean endUnknown = consumer && !partition.knowsItsEnd();
        if (endUnknown && asked.timestamp() == ListOffsetsRequest.LATEST_TIMESTAMP) {
            return CompletableFuture.completedFuture(failed(asked, notAvailable(body)));
        }
        return OffsetLookup.of(partition, consumer, body.isolationLevel()).find(asked.timestamp()).thenApply(position -> endUnknown && position.offset() < 0 ? failed(asked, notAvailable(body))
                : described(body, asked, position));
    }

    /** KIP-207, and of a leader without a lease: what another one showed may lie above what is known to be committed here; an answer from below would go back. */
    private static Errors notAvailable(ListOffsetsRequest body) {
        return body.version() >= FIRST_VERSION_WITH_NOT_AVAILABLE ? Errors.OFFSET_NOT_AVAILABLE : Errors.LEADER_NOT_AVAILABLE;
    }

    private static ListOffsetsPartitionResponse described(ListOffsetsRequest body, ListOffsetsPartition asked, OffsetLookup.Position position) {
        ListOffsetsPartitionResponse response = new ListOffsetsPartitionResponse().setPartitionIndex(asked.partitionIndex())
                .setTimestamp(position.timestampMs()).setOffset(position.offset());
        return body.version() >= 4 ? response.setLeaderEpoch(position.leaderEpoch()) : response;
    }

    private static long timeoutMs(ListOffsetsRequest body) {
        return body.timeoutMs() > 0 ? body.timeoutMs() : DEFAULT_TIMEOUT_MS;
    }

    private static ListOffsetsPartitionResponse failed(ListOffsetsPartition asked, Errors error) {
        return new ListOffsetsPartitionResponse().setPartitionIndex(asked.partitionIndex()).setErrorCode(error.code())
                .setTimestamp(ListOffsetsResponse.UNKNOWN_TIMESTAMP).setOffset(ListOffsetsResponse.UNKNOWN_OFFSET);
    }
}
