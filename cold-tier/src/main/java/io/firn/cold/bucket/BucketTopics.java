package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopic;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.BucketLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/** Which topics a bucket has objects of, and which one a name means. Immutable; futures complete where the store completes its own. */
public final class BucketTopics {

    private final ObjectStore objects;
    private final BucketLayout layout;

    public BucketTopics(ObjectStore objects, BucketLayout layout) {
        this.objects = objects;
        this.layout = layout;
    }

    /** All, or those of one name: several, if it was deleted and made again. */
    public CompletableFuture<List<ColdTopic>> listed(Optional<String> name) {
        return new BucketDirectory(objects, layout).partitions(name).thenApply(partitions -> {
            Map<Uuid, List<TopicIdPartition>> byTopic = new LinkedHashMap<>();
            partitions.forEach(partition -> byTopic.computeIfAbsent(partition.topicId(), id -> new ArrayList<>()).add(partition));
            return byTopic.values().stream().map(all -> new ColdTopic(all.get(0).topic(), all.get(0).topicId(), all.stream().map(TopicIdPartition::partition).toList())).toList();
        });
    }

    /** The one of this name that is not deleted: {@link ColdStoreException.Missing} if there is none, {@link ColdStoreException.Misconfigured} with their ids if there are several. */
    public CompletableFuture<ColdTopic> named(String name) {
        return listed(Optional.of(name)).thenCompose(found -> found.size() < 2 ? CompletableFuture.completedFuture(found) : undeleted(found, 0, new ArrayList<>())).thenApply(left -> theOnly(name, left));
    }

    private ColdTopic theOnly(String name, List<ColdTopic> found) {
        if (found.isEmpty()) {
            throw new ColdStoreException.Missing("No topic " + name + " in " + objects.location() + " below " + layout.topicsPrefix());
        }
        if (found.size() > 1) {
            throw new ColdStoreException.Misconfigured("There is more than one topic " + name + ": " + String.join(", ", found.stream().map(topic -> topic.id().toString()).toList()), null);
        }
        return found.get(0);
    }

    private CompletableFuture<List<ColdTopic>> undeleted(List<ColdTopic> candidates, int at, List<ColdTopic> kept) {
        if (at == candidates.size()) {
            return CompletableFuture.completedFuture(kept);
        }
        ColdTopic candidate = candidates.get(at);
        return anyHistory(candidate, 0).thenCompose(some -> {
            if (some) {
                kept.add(candidate);
            }
            return undeleted(candidates, at + 1, kept);
        });
    }

    private CompletableFuture<Boolean> anyHistory(ColdTopic topic, int at) {
        if (at == topic.partitions().size()) {
            return CompletableFuture.completedFuture(false);
        }
        return undeleted(topic.partition(topic.partitions().get(at))).thenApply(newest -> newest.filter(manifest -> manifest.manifest().number() > 0).isPresent())
                .thenCompose(some -> some ? CompletableFuture.completedFuture(true) : anyHistory(topic, at + 1));
    }

    /** Empty if the partition was deleted. */
    public CompletableFuture<Optional<NewestManifest>> undeleted(TopicIdPartition partition) {
        return NewestManifest.read(objects, layout, partition).thenApply(Optional::of)
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }
}
