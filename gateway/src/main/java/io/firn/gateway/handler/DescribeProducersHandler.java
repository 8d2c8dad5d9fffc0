package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.ProducerView;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeProducersRequest;

/**
 * DescribeProducers: who writes into partitions, and which transactions are open there.
 *
 * <p>Thread-safe: no state of its own; partitions are asked on their loops.
 */
final class DescribeProducersHandler implements ApiHandler {
    private final Partitions partitions;

    DescribeProducersHandler(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public void handle(Request request) {
        List<CompletableFuture<TopicResponse>> topics = ((DescribeProducersRequest) request.body()).data().topics().stream().map(this::topic).toList();
        Gather.answer(request, Gather.all(topics).thenApply(answers -> new DescribeProducersResponseData().setTopics(answers)));
    }

    private CompletableFuture<TopicResponse> topic(TopicRequest asked) {
        List<CompletableFuture<PartitionResponse>> answers = new ArrayList<>();
        try {
            Topic.validate(asked.name());
            asked.partitionIndexes().forEach(number -> answers.add(partition(asked.name(), number)));
        } catch (InvalidTopicException e) {
            asked.partitionIndexes().forEach(number -> answers.add(CompletableFuture.completedFuture(refused(number, Errors.INVALID_TOPIC_EXCEPTION, e.getMessage()))));
        }
        return Gather.all(answers).thenApply(all -> new TopicResponse().setName(asked.name()).setPartitions(all));
    }

    private CompletableFuture<PartitionResponse> partition(String topic, int number) {
        Partitions.Found found = partitions.locate(new TopicIdPartition(Uuid.ZERO_UUID, new TopicPartition(topic, number)));
        if (found.error() != Errors.NONE) {
            return CompletableFuture.completedFuture(refused(number, found.error(), found.error().message()));
        }
        return Gather.onLoop(found.partition(), partition -> CompletableFuture.completedFuture(described(partition)))
                .exceptionally(failure -> refused(number, Failures.of(failure).error(), null));
    }

    private static PartitionResponse described(Partition partition) {
        int number = partition.id().partition();
        if (partition.log().offlineReason().isPresent()) {
            return refused(number, Errors.KAFKA_STORAGE_ERROR, null);
        }
        return new PartitionResponse().setPartitionIndex(number).setActiveProducers(partition.log().hot().activeProducers().stream().map(DescribeProducersHandler::state).toList());
    }

    private static ProducerState state(ProducerView view) {
        return new ProducerState().setProducerId(view.producerId()).setProducerEpoch(view.producerEpoch()).setLastSequence(view.lastSequence())
                .setLastTimestamp(view.lastTimestampMs()).setCoordinatorEpoch(view.coordinatorEpoch()).setCurrentTxnStartOffset(view.currentTxnStartOffset());
    }

    private static PartitionResponse refused(int number, Errors error, String message) {
        return new PartitionResponse().setPartitionIndex(number).setErrorCode(error.code()).setErrorMessage(message);
    }
}
