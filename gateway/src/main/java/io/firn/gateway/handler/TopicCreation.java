package io.firn.gateway.handler;

import io.firn.gateway.api.Timer;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Creates and grows topics: commits the change, then waits a while for this broker to serve what it leads, so that a client's next request finds it.
 *
 * <p>The commit decides the answer. When it is there but a partition is still on its way into service at the deadline, the change is reported as done, as
 * Kafka's controller does; the client meets retriable errors until the partition is there.
 *
 * <p>Threading: thread-safe; futures complete on the metadata thread, a partition's loop or the timer.
 */
final class TopicCreation {
    private final Metadata metadata;
    private final Commands commands;
    private final Function<TopicView, CompletableFuture<Void>> inService;
    private final Timer timer;

    /** @param inService completes when this broker serves all it leads of a topic */
    TopicCreation(Metadata metadata, Commands commands, Function<TopicView, CompletableFuture<Void>> inService, Timer timer) {
        this.metadata = metadata;
        this.commands = commands;
        this.inService = inService;
        this.timer = timer;
    }

    /** Completes with the view that has the topic; fails with {@link TopicExistsException}, {@link CommandRefused}, or {@link TimeoutException} when it is not known whether the topic was created. */
    CompletableFuture<ClusterView> create(Command.CreateTopic topic, long timeoutMs) {
        return commands.submit(topic, timeoutMs).exceptionallyCompose(failure -> CompletableFuture.failedFuture(named(failure, topic.name())))
                .thenCompose(view -> served(view, topic.name(), timeoutMs));
    }

    /** Completes with the view that has the partitions; fails with {@link CommandRefused} or {@link TimeoutException}. */
    CompletableFuture<ClusterView> grow(Command.AddPartitions growth, long timeoutMs) {
        return commands.submit(growth, timeoutMs).thenCompose(view -> served(view, growth.name(), timeoutMs));
    }

    private CompletableFuture<ClusterView> served(ClusterView view, String name, long timeoutMs) {
        CompletableFuture<Void> serving = view.topic(name).map(inService).orElseGet(() -> CompletableFuture.completedFuture(null)).copy();
        Runnable cancel = serving.isDone() ? () -> {} : timer.after(Math.max(1, timeoutMs), () -> serving.complete(null));
        return serving.handle((served, failure) -> {
            cancel.run();
            return metadata.view();
        });
    }

    private static Throwable named(Throwable failure, String name) {
        Throwable cause = Failures.cause(failure);
        boolean exists = cause instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.TOPIC_EXISTS;
        return exists ? new TopicExistsException("Topic '" + name + "' already exists.") : new CompletionException(cause);
    }
}
