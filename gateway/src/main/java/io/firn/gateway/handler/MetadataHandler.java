package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;

/** Metadata: topics by name, by id or all, the brokers, and the creation of topics on request. Thread-safe: no state of its own. */
final class MetadataHandler implements ApiHandler {
    private static final int FIRST_VERSION_WITH_IDS = 12;

    private final int brokerId;
    private final boolean autoCreate;
    private final Metadata metadata;
    private final AutoCreation creation;
    private final Mutations.Charging charging;

    MetadataHandler(int brokerId, boolean autoCreate, Metadata metadata, AutoCreation creation, Mutations.Charging charging) {
        this.brokerId = brokerId;
        this.autoCreate = autoCreate;
        this.metadata = metadata;
        this.creation = creation;
        this.charging = charging;
    }

    @Override
    public void handle(Request request) {
        MetadataRequest body = (MetadataRequest) request.body();
        checkTopics(body);
        Set<String> unknown = creatable(body, metadata.view());
        if (unknown.isEmpty()) {
            request.respond(answer(metadata.view(), body, brokerId, Map.of()));
        } else {
            Gather.answer(request, creation.create(unknown, charging.strict(request)).thenApply(refused -> answer(metadata.view(), body, brokerId, refused)));
        }
    }

    /** The topics to be created before the answer. */
    private Set<String> creatable(MetadataRequest body, ClusterView view) {
        if (!autoCreate || body.isAllTopics() || !body.allowAutoTopicCreation() || usesIds(body)) {
            return Set.of();
        }
        Set<String> unknown = new LinkedHashSet<>(body.topics());
        unknown.removeIf(name -> view.topics().containsKey(name) || TopicDescriptions.unknown(name) == Errors.INVALID_TOPIC_EXCEPTION);
        return unknown;
    }

    private static void checkTopics(MetadataRequest body) {
        if (body.isAllTopics() || body.version() >= FIRST_VERSION_WITH_IDS) {
            return;
        }
        for (MetadataRequestTopic topic : body.data().topics()) {
            if (topic.name() == null) {
                throw new InvalidRequestException("Topic name can not be null for version " + body.version());
            }
            if (!topic.topicId().equals(Uuid.ZERO_UUID)) {
                throw new InvalidRequestException("Topic IDs are not supported in requests for version " + body.version());
            }
        }
    }

    private static boolean usesIds(MetadataRequest body) {
        return body.data().topics().stream().anyMatch(topic -> !topic.topicId().equals(Uuid.ZERO_UUID));
    }

    /** The answer over one view. {@code refused} says why topics that were to be created were not. */
    static MetadataResponseData answer(ClusterView view, MetadataRequest body, int brokerId, Map<String, Errors> refused) {
        TopicDescriptions descriptions = new TopicDescriptions(view);
        List<MetadataResponseTopic> topics = topics(view, body, descriptions, refused);
        if (body.data().includeTopicAuthorizedOperations()) {
            topics.stream().filter(topic -> topic.name() != null).forEach(topic -> topic.setTopicAuthorizedOperations(AuthorizedOperations.TOPIC));
        }
        int clusterOperations = body.data().includeClusterAuthorizedOperations() ? AuthorizedOperations.CLUSTER : AuthorizedOperations.NONE;
        return MetadataResponse.prepareResponse(body.version(), 0, descriptions.nodes(), view.clusterId(), descriptions.controllerId(brokerId), topics, clusterOperations).data();
    }

    private static List<MetadataResponseTopic> topics(ClusterView view, MetadataRequest body, TopicDescriptions descriptions, Map<String, Errors> refused) {
        List<MetadataResponseTopic> topics = new ArrayList<>();
        if (body.isAllTopics()) {
            view.topics().values().forEach(topic -> topics.add(descriptions.topic(topic, body.version())));
        } else if (usesIds(body)) {
            body.data().topics().stream().map(MetadataRequestTopic::topicId).filter(id -> !id.equals(Uuid.ZERO_UUID)).distinct()
                    .forEach(id -> topics.add(view.topic(id).map(topic -> descriptions.topic(topic, body.version())).orElseGet(() -> TopicDescriptions.missing(id))));
        } else {
            new LinkedHashSet<>(body.topics()).forEach(name -> topics.add(
                    refused.containsKey(name) ? TopicDescriptions.missing(name, refused.get(name)) : descriptions.topic(name, body.version())));
        }
        return topics;
    }
}
