package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.Collection;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.requests.DescribeTopicPartitionsRequest;

/** DescribeTopicPartitions (KIP-966): partitions page by page, in the order of topic names. Thread-safe: no state of its own. */
final class DescribeTopicPartitionsHandler implements ApiHandler {
    /** Most partitions in one answer; Kafka's {@code max.request.partition.size.limit}. */
    static final int MAX_PARTITIONS = 2_000;

    private final Metadata metadata;

    DescribeTopicPartitionsHandler(Metadata metadata) {
        this.metadata = metadata;
    }

    @Override
    public void handle(Request request) {
        request.respond(answer(metadata.view(), ((DescribeTopicPartitionsRequest) request.body()).data()));
    }

    static DescribeTopicPartitionsResponseData answer(ClusterView view, DescribeTopicPartitionsRequestData body) {
        boolean all = body.topics().isEmpty();
        Optional<DescribeTopicPartitionsRequestData.Cursor> cursor = Optional.ofNullable(body.cursor());
        NavigableSet<String> names = names(all ? view.topics().keySet() : body.topics().stream().map(TopicRequest::name).toList(), cursor);
        check(all, names, cursor);
        Page page = new Page(view, Math.max(1, Math.min(MAX_PARTITIONS, body.responsePartitionLimit())));
        for (String name : names) {
            int first = cursor.filter(at -> at.topicName().equals(name)).map(DescribeTopicPartitionsRequestData.Cursor::partitionIndex).orElse(0);
            if (!page.add(name, first, !all)) {
                break;
            }
        }
        return page.response;
    }

    private static NavigableSet<String> names(Collection<String> asked, Optional<DescribeTopicPartitionsRequestData.Cursor> cursor) {
        TreeSet<String> names = new TreeSet<>(asked);
        return cursor.map(at -> names.tailSet(at.topicName(), true)).orElse(names);
    }

    private static void check(boolean all, NavigableSet<String> names, Optional<DescribeTopicPartitionsRequestData.Cursor> cursor) {
        cursor.ifPresent(at -> {
            if (!all && !names.contains(at.topicName())) {
                throw new InvalidRequestException("DescribeTopicPartitionsRequest topic list should contain the cursor topic: " + at.topicName());
            }
            if (at.partitionIndex() < 0) {
                throw new InvalidRequestException("DescribeTopicPartitionsRequest cursor partition must be valid: " + at);
            }
        });
    }

    /** The answer as it fills up. */
    private static final class Page {
        private final DescribeTopicPartitionsResponseData response = new DescribeTopicPartitionsResponseData();
        private final ClusterView view;
        private final TopicDescriptions descriptions;
        private int room;

        Page(ClusterView view, int room) {
            this.view = view;
            this.descriptions = new TopicDescriptions(view);
            this.room = room;
        }

        /** Adds what fits of a topic; false when the page is full. */
        boolean add(String name, int first, boolean reportUnknown) {
            if (room == 0) {
                response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(first));
                return false;
            }
            Optional<TopicView> topic = view.topic(name);
            if (topic.isPresent()) {
                return add(topic.get(), first);
            }
            if (reportUnknown) {
                response.topics().add(new DescribeTopicPartitionsResponseTopic().setErrorCode(TopicDescriptions.unknown(name).code()).setName(name)
                        .setIsInternal(Topic.isInternal(name)).setTopicAuthorizedOperations(AuthorizedOperations.TOPIC));
            }
            return true;
        }

        private boolean add(TopicView topic, int first) {
            int count = topic.partitions().size();
            int end = (int) Math.min(count, (long) first + room);
            DescribeTopicPartitionsResponseTopic described = new DescribeTopicPartitionsResponseTopic().setName(topic.name()).setTopicId(topic.id())
                    .setIsInternal(Topic.isInternal(topic.name())).setTopicAuthorizedOperations(AuthorizedOperations.TOPIC);
            for (int partition = first; partition < end; partition++) {
                described.partitions().add(descriptions.described(topic.partitions().get(partition)));
            }
            response.topics().add(described);
            room -= Math.max(0, end - first);
            if (end < count && end >= first) {
                response.setNextCursor(new Cursor().setTopicName(topic.name()).setPartitionIndex(end));
                return false;
            }
            return true;
        }
    }
}
