package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.Optional;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetDeleteRequest;
import org.apache.kafka.common.requests.OffsetDeleteResponse;

/** OffsetDelete: forgets committed offsets of topics a group is not subscribed to. Thread-safe: no state of its own. */
final class OffsetDeleteHandler implements ApiHandler {
    private final Metadata metadata;
    private final Groups groups;

    OffsetDeleteHandler(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        Sorted sorted = sort(metadata.view(), ((OffsetDeleteRequest) request.body()).data());
        Gather.answer(request, groups.deleteOffsets(request, sorted.known()).thenApply(done -> sorted.response().merge(done).build().data()));
    }

    /** What is passed on, and a response that names what is not. */
    record Sorted(OffsetDeleteRequestData known, OffsetDeleteResponse.Builder response) {}

    static Sorted sort(ClusterView view, OffsetDeleteRequestData body) {
        OffsetDeleteResponse.Builder response = new OffsetDeleteResponse.Builder();
        OffsetDeleteRequestTopicCollection known = new OffsetDeleteRequestTopicCollection();
        for (OffsetDeleteRequestTopic asked : body.topics()) {
            Optional<TopicView> topic = view.topic(asked.name());
            OffsetDeleteRequestTopic found = new OffsetDeleteRequestTopic().setName(asked.name());
            for (OffsetDeleteRequestPartition partition : asked.partitions()) {
                if (topic.isPresent() && partition.partitionIndex() >= 0 && partition.partitionIndex() < topic.get().partitions().size()) {
                    found.partitions().add(partition);
                } else {
                    response.addPartition(asked.name(), partition.partitionIndex(), Errors.UNKNOWN_TOPIC_OR_PARTITION);
                }
            }
            if (!found.partitions().isEmpty()) {
                known.add(found);
            }
        }
        return new Sorted(new OffsetDeleteRequestData().setGroupId(body.groupId()).setTopics(known), response);
    }
}
