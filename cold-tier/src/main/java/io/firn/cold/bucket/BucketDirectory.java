package io.firn.cold.bucket;

import io.firn.cold.ObjectKeys;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.BucketLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/**
 * Which partitions a bucket has objects of, found by listing: one request a partition, however many objects that has.
 *
 * <p>Immutable; futures complete where the store completes its own.
 */
public final class BucketDirectory {

    private final ObjectStore objects;
    private final BucketLayout layout;

    public BucketDirectory(ObjectStore objects, BucketLayout layout) {
        this.objects = objects;
        this.layout = layout;
    }

    /** All partitions of all topics, or of those of one name (several, if it was deleted and made again), in the order of their keys. Some may have nothing that counts: see {@link NewestManifest}. */
    public CompletableFuture<List<TopicIdPartition>> partitions(Optional<String> topic) {
        if (!topic.map(ObjectKeys::allows).orElse(true)) {
            return CompletableFuture.completedFuture(List.of()); // no topic has such a name
        }
        return collect(topic, topic.map(layout::topicPrefix).orElse(layout.topicsPrefix()), "", new ArrayList<>());
    }

    /** Those of one topic. */
    public CompletableFuture<List<TopicIdPartition>> partitions(String topic, Uuid id) {
        return collect(Optional.of(topic), layout.topicDirectory(topic, id), "", new ArrayList<>());
    }

    private CompletableFuture<List<TopicIdPartition>> collect(Optional<String> topic, String prefix, String startAfter, List<TopicIdPartition> found) {
        return objects.list(prefix, startAfter, 1).thenCompose(page -> {
            if (page.objects().isEmpty()) {
                return CompletableFuture.completedFuture(found);
            }
            String key = page.objects().get(0).key();
            layout.partitionOf(key).filter(partition -> topic.isEmpty() || topic.get().equals(partition.topic())).ifPresent(found::add);
            return collect(topic, prefix, layout.pastPartition(key), found);
        });
    }
}
