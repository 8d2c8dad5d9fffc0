package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Metadata;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates topics because they were asked for, and waits shortly for them, so that most clients need no second request.
 *
 * <p>Threading: thread-safe. Two requests may create the same topic at once: the controller lets one win and both see the result.
 */
final class AutoCreation {
    /** Topics one request may create; the rest is reported as unknown and gets its turn when the client asks again. */
    static final int MAX_PER_REQUEST = 100;
    /** Longest wait before the answer is given with what is there. */
    static final long WAIT_MS = 2_000;

    private static final Logger log = LoggerFactory.getLogger(AutoCreation.class);

    private final Metadata metadata;
    private final NewTopics newTopics;
    private final TopicCreation creation;
    private final int offsetsPartitions;
    private final int transactionPartitions;
    private final ReplicationFactors factors;

    AutoCreation(Metadata metadata, NewTopics newTopics, TopicCreation creation, int offsetsPartitions, int transactionPartitions, ReplicationFactors factors) {
        this.metadata = metadata;
        this.newTopics = newTopics;
        this.creation = creation;
        this.offsetsPartitions = offsetsPartitions;
        this.transactionPartitions = transactionPartitions;
        this.factors = factors;
    }

    /** Creates those of {@code names} that may be, as their client's doing; completes with the error of each that was not created, once the others serve or {@link #WAIT_MS} have passed. Never fails. */
    CompletableFuture<Map<String, Errors>> create(Collection<String> names, Mutations mutations) {
        Map<String, Errors> refused = new HashMap<>();
        List<CompletableFuture<Map.Entry<String, Errors>>> attempts = names.stream().limit(MAX_PER_REQUEST).map(name -> create(name, mutations::charge)).toList();
        return Gather.all(attempts).thenApply(results -> {
            results.stream().filter(result -> result.getValue() != Errors.NONE).forEach(result -> refused.put(result.getKey(), result.getValue()));
            return refused;
        });
    }

    /** Creates a topic of {@link InternalTopics}: the cluster's doing. */
    CompletableFuture<Errors> createInternal(String name) {
        return create(name, partitions -> {}).thenApply(Map.Entry::getValue);
    }

    private CompletableFuture<Map.Entry<String, Errors>> create(String name, IntConsumer charge) {
        try {
            ClusterView view = metadata.view();
            CreateTopic topic = newTopics.check(view, spec(view, name));
            charge.accept(NewTopics.partitions(topic));
            return creation.create(topic, WAIT_MS).handle((done, failure) -> Map.entry(name, outcome(name, failure)));
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(Map.entry(name, outcome(name, e)));
        }
    }

    private CreatableTopic spec(ClusterView view, String name) {
        if (name.equals(InternalTopics.OFFSETS)) {
            return InternalTopics.offsets(offsetsPartitions, factors.offsets(view));
        }
        if (name.equals(InternalTopics.TRANSACTIONS)) {
            return InternalTopics.transactions(transactionPartitions, factors.transactions(view));
        }
        if (Topic.isInternal(name)) {
            throw new org.apache.kafka.common.errors.UnknownTopicOrPartitionException("Nothing here uses the internal topic " + name);
        }
        return NewTopics.named(name);
    }

    private static Errors outcome(String name, Throwable failure) {
        if (failure == null || Failures.cause(failure) instanceof TopicExistsException) {
            return Errors.NONE;
        }
        // Of a quota Metadata says nothing: it is not there yet, and the client asks again.
        Errors error = failure instanceof ThrottlingQuotaExceededException ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Failures.of(failure).error();
        log.atInfo().addKeyValue("topic", name).addKeyValue("error", error).addKeyValue("reason", Failures.cause(failure).getMessage()).log("Topic not created on request");
        return error;
    }
}
