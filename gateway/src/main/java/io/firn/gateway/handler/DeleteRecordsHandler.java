package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.Timer;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Partitions.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.apache.kafka.common.requests.DeleteRecordsResponse;

/** DeleteRecords: raises log starts over both tiers. Thread-safe: no state of its own. */
final class DeleteRecordsHandler implements ApiHandler {
    private final Partitions partitions;
    private final Timer timer;

    DeleteRecordsHandler(Partitions partitions, Timer timer) {
        this.partitions = partitions;
        this.timer = timer;
    }

    @Override
    public void handle(Request request) {
        DeleteRecordsRequestData body = ((DeleteRecordsRequest) request.body()).data();
        List<CompletableFuture<DeleteRecordsTopicResult>> topics = body.topics().stream().map(topic -> topic(topic, body.timeoutMs())).toList();
        Gather.answer(request, Gather.all(topics).thenApply(all -> {
            DeleteRecordsResponseData response = new DeleteRecordsResponseData();
            all.forEach(response.topics()::add);
            return response;
        }));
    }

    private CompletableFuture<DeleteRecordsTopicResult> topic(DeleteRecordsTopic topic, int timeoutMs) {
        List<CompletableFuture<DeleteRecordsPartitionResult>> results = new ArrayList<>();
        topic.partitions().forEach(asked -> results.add(partition(topic.name(), asked, timeoutMs)));
        return Gather.all(results).thenApply(all -> {
            DeleteRecordsTopicResult result = new DeleteRecordsTopicResult().setName(topic.name());
            all.forEach(result.partitions()::add);
            return result;
        });
    }

    private CompletableFuture<DeleteRecordsPartitionResult> partition(String topic, DeleteRecordsPartition asked, int timeoutMs) {
        Found found = LeaderEpochs.locate(partitions, topic, asked.partitionIndex());
        if (found.error() != Errors.NONE) {
            return CompletableFuture.completedFuture(failed(asked, found.error()));
        }
        CompletableFuture<Long> deletion = Gather.onLoop(found.partition(), partition -> {
            check(topic, partition.log().config().deleteByRetention(), asked.offset(), partition.highWatermark());
            return partition.deleteRecordsBefore(asked.offset());
        });
        Runnable cancel = timer.after(Math.max(1, timeoutMs), () -> deletion.completeExceptionally(new TimeoutException("The deletion was not confirmed in time; it may still happen.")));
        return deletion.handle((lowWatermark, failure) -> {
            cancel.run();
            return failure == null ? new DeleteRecordsPartitionResult().setPartitionIndex(asked.partitionIndex()).setLowWatermark(lowWatermark)
                    : failed(asked, Failures.of(failure).error());
        });
    }

    /** Fails when these records may not be deleted. */
    static void check(String topic, boolean deletable, long offset, long highWatermark) {
        if (Topic.isInternal(topic)) {
            throw new InvalidTopicException("Cannot delete records of internal topic " + topic);
        }
        if (!deletable) {
            throw new PolicyViolationException("Records of topic " + topic + " can not be deleted due to the configured policy");
        }
        if (offset != DeleteRecordsRequest.HIGH_WATERMARK && (offset < 0 || offset > highWatermark)) {
            throw new OffsetOutOfRangeException("The offset " + offset + " is not between 0 and the high watermark " + highWatermark);
        }
    }

    private static DeleteRecordsPartitionResult failed(DeleteRecordsPartition asked, Errors error) {
        return new DeleteRecordsPartitionResult().setPartitionIndex(asked.partitionIndex()).setLowWatermark(DeleteRecordsResponse.INVALID_LOW_WATERMARK).setErrorCode(error.code());
    }
}
