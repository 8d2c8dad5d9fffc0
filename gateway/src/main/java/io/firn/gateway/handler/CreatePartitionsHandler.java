package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.AddPartitions;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsAssignment;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.CreatePartitionsRequest;

/** CreatePartitions: grows topics, by placement or by a manual assignment. Thread-safe: no state of its own. */
final class CreatePartitionsHandler implements ApiHandler {
    private final Metadata metadata;
    private final TopicCreation creation;
    private final Mutations.Charging charging;

    CreatePartitionsHandler(Metadata metadata, TopicCreation creation, Mutations.Charging charging) {
        this.metadata = metadata;
        this.creation = creation;
        this.charging = charging;
    }

    @Override
    public void handle(Request request) {
        CreatePartitionsRequestData body = ((CreatePartitionsRequest) request.body()).data();
        Set<String> repeated = NewTopics.repeated(body.topics().stream().map(CreatePartitionsTopic::name));
        Mutations mutations = charging.of(request, Mutations.STRICT_CREATE_PARTITIONS);
        List<CompletableFuture<CreatePartitionsTopicResult>> results = body.topics().stream().map(CreatePartitionsTopic::name).distinct()
                .map(name -> repeated.contains(name) ? CompletableFuture.completedFuture(failed(name, new InvalidRequestException("Duplicate topic name.")))
                        : result(body.topics().find(name), body.validateOnly(), body.timeoutMs(), mutations)).toList();
        Gather.answer(request, Gather.all(results).thenApply(all -> new CreatePartitionsResponseData().setThrottleTimeMs(mutations.throttleMs()).setResults(all)));
    }

    private CompletableFuture<CreatePartitionsTopicResult> result(CreatePartitionsTopic topic, boolean validateOnly, int timeoutMs, Mutations mutations) {
        try {
            AddPartitions growth = check(metadata.view(), topic, mutations::charge);
            CreatePartitionsTopicResult done = new CreatePartitionsTopicResult().setName(topic.name());
            return validateOnly ? CompletableFuture.completedFuture(done)
                    : creation.grow(growth, timeoutMs).thenApply(view -> done).exceptionally(failure -> failed(topic.name(), failure));
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(failed(topic.name(), e));
        }
    }

    /** The command that grows the topic, or what is wrong with it. @param charge called with the number of new partitions, once it is one that could be */
    private static AddPartitions check(ClusterView view, CreatePartitionsTopic asked, IntConsumer charge) {
        TopicView topic = view.topic(asked.name()).orElseThrow(UnknownTopicOrPartitionException::new);
        int present = topic.partitions().size();
        if (asked.count() == present) {
            throw new InvalidPartitionsException("Topic already has " + present + " partition(s).");
        }
        if (asked.count() < present) {
            throw new InvalidPartitionsException("The topic " + asked.name() + " currently has " + present + " partition(s); " + asked.count() + " would not be an increase.");
        }
        if (asked.count() - present > NewTopics.MAX_PARTITIONS_PER_REQUEST) {
            throw new org.apache.kafka.common.errors.PolicyViolationException("Excessively large number of partitions per request.");
        }
        if (asked.assignments() != null && asked.assignments().size() != asked.count() - present) {
            throw new InvalidReplicaAssignmentException("Attempted to add " + (asked.count() - present) + " additional partition(s), but only "
                    + asked.assignments().size() + " assignment(s) were specified.");
        }
        charge.accept(asked.count() - present);
        return new AddPartitions(asked.name(), asked.count(), assignments(view, topic, asked));
    }

    private static List<List<Integer>> assignments(ClusterView view, TopicView topic, CreatePartitionsTopic asked) {
        if (asked.assignments() == null) {
            NewTopics.checkFactor(view, factor(topic));
            return List.of();
        }
        int present = topic.partitions().size();
        int factor = factor(topic);
        for (int i = 0; i < asked.assignments().size(); i++) {
            NewTopics.checkReplicas(view, asked.assignments().get(i).brokerIds(), Optional.of(factor));
            NewTopics.checkActive(view, present + i, asked.assignments().get(i).brokerIds());
        }
        return asked.assignments().stream().map(CreatePartitionsAssignment::brokerIds).map(List::copyOf).toList();
    }

    /** As the controller decides it: during a reassignment the number of replicas there will be. */
    private static int factor(TopicView topic) {
        return topic.partitions().get(0).target().size();
    }

    private static CreatePartitionsTopicResult failed(String name, Throwable failure) {
        ApiError error = Failures.of(failure);
        return new CreatePartitionsTopicResult().setName(name).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }
}
