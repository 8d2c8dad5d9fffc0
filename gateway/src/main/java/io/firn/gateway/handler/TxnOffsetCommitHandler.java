package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.TxnOffsetCommitRequest;
import org.apache.kafka.common.requests.TxnOffsetCommitResponse;

/**
 * TxnOffsetCommit: offsets that count once the transaction commits. Partitions that do not exist are answered here, the rest by the group coordinator.
 *
 * <p>Thread-safe: no state of its own.
 */
final class TxnOffsetCommitHandler implements ApiHandler {
    /** Producers of earlier versions stop on COORDINATOR_LOAD_IN_PROGRESS (KAFKA-7296). */
    private static final int LOADING_SINCE_VERSION = 2;

    private final Metadata metadata;
    private final Groups groups;

    TxnOffsetCommitHandler(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        TxnOffsetCommitRequestData body = ((TxnOffsetCommitRequest) request.body()).data();
        TxnOffsetCommitResponse.Builder answer = new TxnOffsetCommitResponse.Builder();
        TxnOffsetCommitRequestData existing = existing(metadata.view(), body, answer);
        if (existing.topics().isEmpty()) {
            request.respond(answer.build().data());
            return;
        }
        Gather.answer(request, groups.commitTransactional(request, existing).exceptionally(failure -> TxnOffsetCommitRequest.getErrorResponse(existing, Failures.of(failure).error()))
                .thenApply(committed -> forVersion(answer.merge(committed).build().data(), request.version())));
    }

    /** What of {@code body} may be committed; the rest gets its error in {@code answer}. */
    private static TxnOffsetCommitRequestData existing(ClusterView view, TxnOffsetCommitRequestData body, TxnOffsetCommitResponse.Builder answer) {
        TxnOffsetCommitRequestData existing = body.duplicate();
        existing.topics().clear();
        for (TxnOffsetCommitRequestTopic topic : body.topics()) {
            int count = view.topic(topic.name()).map(TopicView::partitions).map(List::size).orElse(0);
            List<TxnOffsetCommitRequestPartition> there = topic.partitions().stream().filter(partition -> partition.partitionIndex() >= 0 && partition.partitionIndex() < count).toList();
            topic.partitions().stream().filter(partition -> !there.contains(partition))
                    .forEach(partition -> answer.addPartition(topic.name(), partition.partitionIndex(), Errors.UNKNOWN_TOPIC_OR_PARTITION));
            Optional.of(there).filter(some -> !some.isEmpty())
                    .ifPresent(some -> existing.topics().add(new TxnOffsetCommitRequestTopic().setName(topic.name()).setPartitions(some)));
        }
        return existing;
    }

    private static TxnOffsetCommitResponseData forVersion(TxnOffsetCommitResponseData answer, int version) {
        if (version < LOADING_SINCE_VERSION) {
            answer.topics().forEach(topic -> topic.partitions().stream().filter(partition -> partition.errorCode() == Errors.COORDINATOR_LOAD_IN_PROGRESS.code())
                    .forEach(partition -> partition.setErrorCode(Errors.COORDINATOR_NOT_AVAILABLE.code())));
        }
        return answer;
    }
}
