package io.firn.gateway.partition;

import io.firn.cold.DeadTopics.Grave;
import io.firn.membership.Command;
import io.firn.membership.DeletedTopic;
import io.firn.membership.Metadata;
import io.firn.retention.TopicCensus;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;

/**
 * What the metadata say of topics to the one who looks for those that are gone: the controller.
 *
 * <p>A topic is buried by a command, which whoever decides commands decides behind all others; the answer is the view it leaves. A controller that was deposed without knowing can have none committed.
 *
 * <p>Threading: thread-safe.
 */
public final class KnownTopics implements TopicCensus {

    private final Metadata metadata;

    public KnownTopics(Metadata metadata) {
        this.metadata = metadata;
    }

    @Override
    public boolean inCharge() {
        return metadata.isController();
    }

    @Override
    public boolean exists(Uuid topicId) {
        return metadata.view().topicNames().containsKey(topicId);
    }

    @Override
    public Optional<Grave> deleted(Uuid topicId) {
        return metadata.view().deleted().find(topicId).map(KnownTopics::grave);
    }

    private static Grave grave(DeletedTopic topic) {
        return new Grave(topic.version(), topic.leaderEpoch());
    }

    @Override
    public CompletableFuture<Map<Uuid, Grave>> bury(List<Uuid> topicIds) {
        return metadata.submit(new Command.BuryTopics(topicIds)).thenApply(after -> topicIds.stream().distinct().flatMap(id -> after.deleted().find(id).stream()).filter(DeletedTopic::buried)
                .collect(Collectors.toMap(DeletedTopic::id, KnownTopics::grave)));
    }
}
