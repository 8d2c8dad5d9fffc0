package io.firn.gateway.share;

import io.firn.gateway.api.ErrorMapping;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;

/**
 * {@code __share_group_state}, made when the first share group needs it. Not compacted: the coordinator writes snapshots and deletes what lies before the oldest one it needs. Not
 * tiered either, for the same reason.
 *
 * <p>Thread-safe: no state of its own. Two that make it at once both get the one that won.
 */
public final class StateTopic {
    private static final Map<String, String> CONFIGS = Map.of("cleanup.policy", "delete", "compression.type", "producer", "retention.ms", "-1", "retention.bytes", "-1",
            "remote.storage.enable", "false", "segment.bytes", Integer.toString(100 * 1024 * 1024));

    private final Metadata metadata;
    private final Function<TopicView, CompletableFuture<Void>> inService;
    private final int partitions;
    private final ToIntFunction<ClusterView> replicas;

    /**
     * @param inService completes when this broker serves all it leads of a topic
     * @param replicas how many the topic gets
     */
    public StateTopic(Metadata metadata, Function<TopicView, CompletableFuture<Void>> inService, int partitions, ToIntFunction<ClusterView> replicas) {
        this.metadata = metadata;
        this.inService = inService;
        this.partitions = partitions;
        this.replicas = replicas;
    }

    public Optional<TopicView> find() {
        return metadata.view().topic(Topic.SHARE_GROUP_STATE_TOPIC_NAME);
    }

    /** Whether this broker knows of a topic with this id. */
    boolean knows(Uuid topicId) {
        return metadata.view().topic(topicId).isPresent();
    }

    /** Completes when the topic is there and this broker serves what it leads of it; fails when it cannot be made now. */
    public CompletableFuture<Void> ensure() {
        Optional<TopicView> there = find();
        return there.isPresent() ? inService.apply(there.get()) : create();
    }

    private CompletableFuture<Void> create() {
        Command.CreateTopic topic = new Command.CreateTopic(Uuid.randomUuid(), Topic.SHARE_GROUP_STATE_TOPIC_NAME, partitions, replicas.applyAsInt(metadata.view()),
                Map.<Integer, List<Integer>>of(), CONFIGS);
        return metadata.submit(topic).handle((view, failure) -> {
            if (failure != null && !exists(failure)) {
                return CompletableFuture.<Void>failedFuture(ErrorMapping.unwrap(failure));
            }
            return find().map(inService).orElseGet(() -> CompletableFuture.completedFuture(null));
        }).thenCompose(serving -> serving);
    }

    private static boolean exists(Throwable failure) {
        return ErrorMapping.unwrap(failure) instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.TOPIC_EXISTS;
    }
}
