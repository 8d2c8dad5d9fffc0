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
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;

/**
 * OffsetCommit. The coordinator checks the group, this handler checks that topics and partitions exist and knows them by name and by id (version 10 on).
 *
 * <p>Thread-safe: no state of its own.
 */
final class OffsetCommitHandler implements ApiHandler {
    private final Metadata metadata;
    private final Groups groups;

    OffsetCommitHandler(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        Sorted sorted = sort(metadata.view(), ((OffsetCommitRequest) request.body()).data(), request.version());
        if (sorted.known().topics().isEmpty()) {
            request.respond(sorted.response().build().data());
        } else {
            Gather.answer(request, groups.commit(request, sorted.known()).thenApply(done -> sorted.response().merge(done).build().data()));
        }
    }

    /** What is passed on, and a response that names what is not. */
    record Sorted(OffsetCommitRequestData known, OffsetCommitResponse.Builder response) {}

    static Sorted sort(ClusterView view, OffsetCommitRequestData body, short version) {
        boolean byId = OffsetCommitResponse.useTopicIds(version);
        OffsetCommitResponse.Builder response = OffsetCommitResponse.newBuilder(byId);
        List<OffsetCommitRequestTopic> known = new ArrayList<>();
        for (OffsetCommitRequestTopic asked : body.topics()) {
            Optional<TopicView> topic = byId ? view.topic(asked.topicId()) : view.topic(asked.name());
            if (topic.isPresent()) {
                OffsetCommitRequestTopic found = existing(topic.get(), asked, response);
                if (!found.partitions().isEmpty()) {
                    known.add(found);
                }
            } else {
                response.addPartitions(asked.topicId(), asked.name(), asked.partitions(), OffsetCommitRequestPartition::partitionIndex,
                        byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION);
            }
        }
        return new Sorted(body.duplicate().setTopics(known), response);
    }

    private static OffsetCommitRequestTopic existing(TopicView topic, OffsetCommitRequestTopic asked, OffsetCommitResponse.Builder response) {
        OffsetCommitRequestTopic found = new OffsetCommitRequestTopic().setName(topic.name()).setTopicId(topic.id());
        for (OffsetCommitRequestPartition partition : asked.partitions()) {
            if (partition.partitionIndex() >= 0 && partition.partitionIndex() < topic.partitions().size()) {
                found.partitions().add(partition);
            } else {
                response.addPartition(topic.id(), topic.name(), partition.partitionIndex(), Errors.UNKNOWN_TOPIC_OR_PARTITION);
            }
        }
        return found;
    }
}
