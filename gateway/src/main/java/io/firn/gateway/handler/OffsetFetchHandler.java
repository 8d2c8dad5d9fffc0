package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.OffsetFetchRequest;
import org.apache.kafka.common.requests.OffsetFetchResponse;

/** OffsetFetch: one group or many, some topics or all, by name or by id (version 10 on). Thread-safe: no state of its own. */
final class OffsetFetchHandler implements ApiHandler {
    private static final int FIRST_VERSION_WITH_IDS = 10;

    private final Metadata metadata;
    private final Groups groups;

    OffsetFetchHandler(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        OffsetFetchRequest body = (OffsetFetchRequest) request.body();
        List<CompletableFuture<OffsetFetchResponseGroup>> answers = body.groups().stream().map(group -> fetch(request, group, body.requireStable())).toList();
        Gather.answer(request, Gather.all(answers).thenApply(all -> new OffsetFetchResponse.Builder(all).build(request.version()).data()));
    }

    private CompletableFuture<OffsetFetchResponseGroup> fetch(Request request, OffsetFetchRequestGroup asked, boolean requireStable) {
        boolean byId = request.version() >= FIRST_VERSION_WITH_IDS;
        ClusterView view = metadata.view();
        List<OffsetFetchResponseTopics> unknown = new ArrayList<>();
        OffsetFetchRequestGroup known = asked.topics() == null ? asked : resolved(view, asked, byId, unknown);
        return groups.fetch(request, known, requireStable)
                .exceptionally(failure -> OffsetFetchResponse.groupError(asked, Failures.of(failure).error(), request.version()))
                .thenApply(answer -> complete(view, answer, byId, unknown));
    }

    /** The group's topics with name and id; those with an id nobody has go to {@code unknown}. Names nobody has are passed on: offsets of deleted topics are simply not there. */
    static OffsetFetchRequestGroup resolved(ClusterView view, OffsetFetchRequestGroup asked, boolean byId, List<OffsetFetchResponseTopics> unknown) {
        OffsetFetchRequestGroup resolved = asked.duplicate().setTopics(new ArrayList<>());
        for (OffsetFetchRequestTopics topic : asked.topics()) {
            Optional<TopicView> found = byId ? view.topic(topic.topicId()) : view.topic(topic.name());
            if (byId && found.isEmpty()) {
                unknown.add(unknown(topic));
            } else {
                resolved.topics().add(new OffsetFetchRequestTopics().setName(found.map(TopicView::name).orElse(topic.name()))
                        .setTopicId(found.map(TopicView::id).orElse(Uuid.ZERO_UUID)).setPartitionIndexes(topic.partitionIndexes()));
            }
        }
        return resolved;
    }

    /** Adds what the coordinator does not know: the topics with unknown ids, and the ids of topics it has by name. */
    static OffsetFetchResponseGroup complete(ClusterView view, OffsetFetchResponseGroup answer, boolean byId, List<OffsetFetchResponseTopics> unknown) {
        if (!byId || answer.errorCode() != Errors.NONE.code()) {
            return answer;
        }
        List<OffsetFetchResponseTopics> topics = new ArrayList<>(unknown);
        for (OffsetFetchResponseTopics topic : answer.topics()) {
            if (topic.topicId().equals(Uuid.ZERO_UUID)) {
                view.topic(topic.name()).ifPresent(found -> topic.setTopicId(found.id()));
            }
            // Without an id it cannot be told in this version; its topic is gone.
            if (!topic.topicId().equals(Uuid.ZERO_UUID)) {
                topics.add(topic);
            }
        }
        return answer.setTopics(topics);
    }

    private static OffsetFetchResponseTopics unknown(OffsetFetchRequestTopics topic) {
        return new OffsetFetchResponseTopics().setTopicId(topic.topicId()).setPartitions(topic.partitionIndexes().stream()
                .map(partition -> new OffsetFetchResponsePartitions().setPartitionIndex(partition).setErrorCode(Errors.UNKNOWN_TOPIC_ID.code())
                        .setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET).setMetadata(OffsetFetchResponse.NO_METADATA)
                        .setCommittedLeaderEpoch(RecordBatch.NO_PARTITION_LEADER_EPOCH)).toList());
    }
}
