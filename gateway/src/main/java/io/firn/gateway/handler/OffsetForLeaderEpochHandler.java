package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Partitions.Found;
import io.firn.hot.EpochEnd;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochRequest;

/** OffsetForLeaderEpoch (KIP-101, KIP-320): where an epoch ended, so that a consumer can tell whether its log was cut. Thread-safe: no state of its own. */
final class OffsetForLeaderEpochHandler implements ApiHandler {
    private final Partitions partitions;

    OffsetForLeaderEpochHandler(Partitions partitions) {
        this.partitions = partitions;
    }

    @Override
    public void handle(Request request) {
        OffsetsForLeaderEpochRequest body = (OffsetsForLeaderEpochRequest) request.body();
        List<CompletableFuture<OffsetForLeaderTopicResult>> topics = body.data().topics().stream().map(this::topic).toList();
        Gather.answer(request, Gather.all(topics).thenApply(all -> {
            OffsetForLeaderEpochResponseData response = new OffsetForLeaderEpochResponseData();
            all.forEach(response.topics()::add);
            return response;
        }));
    }

    private CompletableFuture<OffsetForLeaderTopicResult> topic(OffsetForLeaderTopic topic) {
        List<CompletableFuture<EpochEndOffset>> results = topic.partitions().stream().map(asked -> partition(topic.topic(), asked)).toList();
        return Gather.all(results).thenApply(all -> new OffsetForLeaderTopicResult().setTopic(topic.topic()).setPartitions(all));
    }

    private CompletableFuture<EpochEndOffset> partition(String topic, OffsetForLeaderPartition asked) {
        Found found = LeaderEpochs.locate(partitions, topic, asked.partition());
        if (found.error() != Errors.NONE) {
            return CompletableFuture.completedFuture(failed(asked, found.error()));
        }
        return Gather.onLoop(found.partition(), partition -> CompletableFuture.completedFuture(look(partition, asked)))
                .exceptionally(failure -> failed(asked, Failures.of(failure).error()));
    }

    private static EpochEndOffset look(Partition partition, OffsetForLeaderPartition asked) {
        Errors fenced = LeaderEpochs.check(asked.currentLeaderEpoch(), partition.leaderEpoch());
        if (fenced != Errors.NONE) {
            return failed(asked, fenced);
        }
        if (partition.log().offlineReason().isPresent()) {
            return failed(asked, Errors.KAFKA_STORAGE_ERROR);
        }
        return answer(asked, partition.leaderEpoch(), partition.log().hot().logEndOffset(), partition.log().hot().endOffsetFor(asked.leaderEpoch()));
    }

    /** The present epoch ends at the log end; an unknown one is answered with -1. */
    static EpochEndOffset answer(OffsetForLeaderPartition asked, int leaderEpoch, long logEndOffset, Optional<EpochEnd> known) {
        EpochEndOffset answer = new EpochEndOffset().setPartition(asked.partition());
        if (asked.leaderEpoch() == leaderEpoch) {
            return answer.setLeaderEpoch(leaderEpoch).setEndOffset(logEndOffset);
        }
        return known.map(end -> answer.setLeaderEpoch(end.leaderEpoch()).setEndOffset(end.endOffset())).orElse(answer);
    }

    private static EpochEndOffset failed(OffsetForLeaderPartition asked, Errors error) {
        return new EpochEndOffset().setPartition(asked.partition()).setErrorCode(error.code());
    }
}
