package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.config.ConfigEntry;
import io.firn.gateway.config.TopicConfigEntries;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.CreateTopicsRequest;

/** CreateTopics: checks each topic, creates it, and describes what was (or would have been) made. Topics of one request stand alone. Thread-safe: no state of its own. */
final class CreateTopicsHandler implements ApiHandler {
    private final Metadata metadata;
    private final NewTopics newTopics;
    private final TopicConfigEntries entries;
    private final TopicCreation creation;
    private final Mutations.Charging charging;

    CreateTopicsHandler(Metadata metadata, NewTopics newTopics, TopicConfigEntries entries, TopicCreation creation, Mutations.Charging charging) {
        this.metadata = metadata;
        this.newTopics = newTopics;
        this.entries = entries;
        this.creation = creation;
        this.charging = charging;
    }

    @Override
    public void handle(Request request) {
        CreateTopicsRequestData body = ((CreateTopicsRequest) request.body()).data();
        Set<String> repeated = NewTopics.repeated(body.topics().stream().map(CreatableTopic::name));
        List<CreatableTopic> named = body.topics().stream().filter(topic -> !repeated.contains(topic.name())).toList();
        newTopics.checkTotal(named);
        Mutations mutations = charging.of(request, Mutations.STRICT_CREATE_TOPICS);
        List<CompletableFuture<CreatableTopicResult>> results = new ArrayList<>();
        repeated.forEach(name -> results.add(CompletableFuture.completedFuture(failed(name, new InvalidRequestException("Duplicate topic name.")))));
        named.forEach(topic -> results.add(result(topic, body.validateOnly(), body.timeoutMs(), mutations)));
        Gather.answer(request, Gather.all(results).thenApply(all -> {
            CreateTopicsResponseData response = new CreateTopicsResponseData().setThrottleTimeMs(mutations.throttleMs());
            all.forEach(response.topics()::add);
            return response;
        }));
    }

    private CompletableFuture<CreatableTopicResult> result(CreatableTopic topic, boolean validateOnly, int timeoutMs, Mutations mutations) {
        try {
            ClusterView view = metadata.view();
            if (topic.name().equals(Topic.CLUSTER_METADATA_TOPIC_NAME)) {
                throw new InvalidRequestException("Creation of internal topic " + topic.name() + " is prohibited.");
            }
            CreateTopic command = newTopics.check(view, topic);
            mutations.charge(NewTopics.partitions(command));
            CreatableTopicResult result = created(view, command);
            return validateOnly ? CompletableFuture.completedFuture(result.setTopicId(org.apache.kafka.common.Uuid.ZERO_UUID))
                    : creation.create(command, timeoutMs).thenApply(done -> result).exceptionally(failure -> failed(topic.name(), failure));
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(failed(topic.name(), e));
        }
    }

    private CreatableTopicResult created(ClusterView view, CreateTopic command) {
        List<CreatableTopicConfigs> configs = entries.ofNewTopic(view, command.configs()).stream().map(CreateTopicsHandler::described).toList();
        return new CreatableTopicResult().setName(command.name()).setErrorMessage(null).setTopicId(command.id()).setNumPartitions(NewTopics.partitions(command))
                .setReplicationFactor((short) command.replicationFactor()).setConfigs(configs);
    }

    private static CreatableTopicConfigs described(ConfigEntry entry) {
        return new CreatableTopicConfigs().setName(entry.name()).setValue(entry.value().orElse(null)).setReadOnly(entry.readOnly())
                .setConfigSource(ConfigDescriptions.source(entry.source())).setIsSensitive(false);
    }

    private static CreatableTopicResult failed(String name, Throwable failure) {
        ApiError error = Failures.of(failure);
        return new CreatableTopicResult().setName(name).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }
}
