package io.firn.gateway.handler;

import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Metadata;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Creates the internal topics (changelogs, repartition topics) that a streams group needs, in the background of its heartbeats, and remembers for a while what went wrong, so that the
 * next heartbeats can say so instead of trying again at once.
 *
 * <p>Limits: {@link #MAX_FAILURES} remembered; beyond that, failures are only logged and the next heartbeat tries again. One creation of a topic at a time.
 *
 * <p>Threading: thread-safe.
 */
final class StreamsTopics {
    static final int MAX_FAILURES = 1_000;
    /** What a client would give CreateTopics. */
    private static final long TIMEOUT_MS = 30_000;

    private static final Logger log = LoggerFactory.getLogger(StreamsTopics.class);

    private final Metadata metadata;
    private final NewTopics newTopics;
    private final TopicCreation creation;
    private final InstantSource clock;
    private final Set<String> underway = ConcurrentHashMap.newKeySet();
    private final Map<String, Failure> failures = new ConcurrentHashMap<>();

    private record Failure(String message, long untilMs) {}

    StreamsTopics(Metadata metadata, NewTopics newTopics, TopicCreation creation, InstantSource clock) {
        this.metadata = metadata;
        this.newTopics = newTopics;
        this.creation = creation;
        this.clock = clock;
    }

    /** Begins to create those that are not being created already and have not failed lately. @param failureMs how long a failure is remembered */
    void create(Collection<CreatableTopic> topics, Mutations mutations, long failureMs) {
        topics.stream().filter(topic -> failure(topic.name()).isEmpty() && underway.add(topic.name())).forEach(topic -> create(topic, mutations, failureMs));
    }

    private void create(CreatableTopic topic, Mutations mutations, long failureMs) {
        try {
            CreateTopic command = newTopics.check(metadata.view(), topic);
            mutations.charge(NewTopics.partitions(command));
            creation.create(command, TIMEOUT_MS).whenComplete((view, failure) -> done(topic.name(), Optional.ofNullable(failure), failureMs));
        } catch (RuntimeException e) {
            done(topic.name(), Optional.of(e), failureMs);
        }
    }

    private void done(String topic, Optional<Throwable> failure, long failureMs) {
        failure.map(Failures::cause).filter(cause -> !(cause instanceof TopicExistsException)).ifPresent(cause -> {
            remember(topic, new Failure(Failures.of(cause).messageWithFallback(), clock.millis() + failureMs));
            log.atInfo().addKeyValue("topic", topic).addKeyValue("reason", cause.toString()).log("Internal topic of a streams group not created");
        });
        underway.remove(topic);
    }

    private void remember(String topic, Failure failure) {
        if (failures.size() >= MAX_FAILURES) {
            failures.values().removeIf(old -> old.untilMs() <= clock.millis());
        }
        if (failures.size() < MAX_FAILURES) {
            failures.put(topic, failure);
        }
    }

    /** What lately went wrong with these topics, by name. */
    Map<String, String> failures(Collection<String> topics) {
        Map<String, String> found = new TreeMap<>();
        topics.forEach(topic -> failure(topic).ifPresent(message -> found.put(topic, message)));
        return found;
    }

    private Optional<String> failure(String topic) {
        return Optional.ofNullable(failures.get(topic)).filter(failure -> failure.untilMs() > clock.millis()).map(Failure::message);
    }
}
