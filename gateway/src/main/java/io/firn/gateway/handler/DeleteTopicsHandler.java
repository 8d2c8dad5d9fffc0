package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DeleteTopicsRequest;

/** DeleteTopics, by name or by id. A topic is gone for clients once the deletion is committed; its files and objects follow in the background. Thread-safe: no state of its own. */
final class DeleteTopicsHandler implements ApiHandler {
    private final Metadata metadata;
    private final Commands commands;
    private final Mutations.Charging charging;

    DeleteTopicsHandler(Metadata metadata, Commands commands, Mutations.Charging charging) {
        this.metadata = metadata;
        this.commands = commands;
        this.charging = charging;
    }

    @Override
    public void handle(Request request) {
        DeleteTopicsRequest body = (DeleteTopicsRequest) request.body();
        ClusterView view = metadata.view();
        Mutations mutations = charging.of(request, Mutations.STRICT_DELETE_TOPICS);
        List<CompletableFuture<DeletableTopicResult>> results = decide(view, body.topics()).stream()
                .map(decision -> result(view, decision, body.data().timeoutMs(), mutations)).toList();
        Gather.answer(request, Gather.all(results).thenApply(all -> {
            DeleteTopicsResponseData response = new DeleteTopicsResponseData().setThrottleTimeMs(mutations.throttleMs());
            all.forEach(response.responses()::add);
            return response;
        }));
    }

    /** What is to be done about one topic asked for: delete it, or say what is wrong. */
    record Decision(String name, Uuid id, Optional<RuntimeException> refusal) {}

    static List<Decision> decide(ClusterView view, List<DeleteTopicState> asked) {
        Map<String, Integer> names = new HashMap<>();
        Map<Uuid, Integer> ids = new HashMap<>();
        asked.forEach(topic -> {
            if (topic.name() != null) {
                names.merge(topic.name(), 1, Integer::sum);
            } else {
                ids.merge(topic.topicId(), 1, Integer::sum);
            }
        });
        Map<String, Decision> decisions = new LinkedHashMap<>();
        asked.stream().distinct().map(topic -> decide(view, topic, names, ids)).forEach(decision -> decisions.put(decision.name() + "/" + decision.id(), decision));
        return List.copyOf(decisions.values());
    }

    private static Decision decide(ClusterView view, DeleteTopicState asked, Map<String, Integer> names, Map<Uuid, Integer> ids) {
        boolean byId = !asked.topicId().equals(Uuid.ZERO_UUID);
        if (asked.name() == null && !byId) {
            return refused(asked, new InvalidRequestException("Neither topic name nor id were specified."));
        }
        if (asked.name() != null && byId) {
            return refused(asked, new InvalidRequestException("You may not specify both topic name and topic id."));
        }
        if (byId ? ids.get(asked.topicId()) > 1 : names.get(asked.name()) > 1) {
            return refused(asked, new InvalidRequestException(byId ? "Duplicate topic id." : "Duplicate topic name."));
        }
        Optional<TopicView> topic = byId ? view.topic(asked.topicId()) : view.topic(asked.name());
        if (topic.isEmpty()) {
            return refused(asked, byId ? new UnknownTopicIdException("This server does not host this topic ID.")
                    : new UnknownTopicOrPartitionException("This server does not host this topic-partition."));
        }
        if (byId ? names.containsKey(topic.get().name()) : ids.containsKey(topic.get().id())) {
            // Neither of the two ways to name it counts: the topic stays, and is answered once.
            return new Decision(topic.get().name(), topic.get().id(), Optional.of(new InvalidRequestException("The provided topic name maps to an ID that was already supplied.")));
        }
        return new Decision(topic.get().name(), topic.get().id(), Optional.empty());
    }

    private static Decision refused(DeleteTopicState asked, RuntimeException refusal) {
        return new Decision(asked.name(), asked.topicId(), Optional.of(refusal));
    }

    private CompletableFuture<DeletableTopicResult> result(ClusterView view, Decision decision, int timeoutMs, Mutations mutations) {
        if (decision.refusal().isPresent()) {
            return CompletableFuture.completedFuture(failed(decision, decision.refusal().get()));
        }
        try {
            mutations.charge(view.topic(decision.id()).orElseThrow().partitions().size());
        } catch (ThrottlingQuotaExceededException e) {
            return CompletableFuture.completedFuture(failed(decision, e));
        }
        return commands.submit(new Command.DeleteTopic(decision.id()), timeoutMs)
                .handle((done, failure) -> failure == null ? named(decision) : failed(decision, deletedMeanwhile(failure)));
    }

    private static Throwable deletedMeanwhile(Throwable failure) {
        boolean gone = Failures.cause(failure) instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.UNKNOWN_TOPIC;
        return gone ? new UnknownTopicOrPartitionException("This server does not host this topic-partition.") : failure;
    }

    private static DeletableTopicResult named(Decision decision) {
        return new DeletableTopicResult().setName(decision.name()).setTopicId(decision.id());
    }

    private static DeletableTopicResult failed(Decision decision, Throwable failure) {
        ApiError error = Failures.of(failure);
        return named(decision).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }
}
