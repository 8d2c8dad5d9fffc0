package io.firn.cold.topic;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopicDescription;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.StoredObject;
import io.firn.cold.segment.BucketLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The numbered objects that describe one topic; the one with the greatest number counts. Immutable ones, created if absent, as all objects are but the log's.
 *
 * <pre>
 *   write:  list ─▶ read the newest ─▶ says the same, or was made of newer metadata of the same cluster: nothing to do
 *                                      else, and if it is damaged, create the next number ─▶ taken: from the beginning   created: delete the lower ones
 * </pre>
 *
 * <p><b>Two writers</b>, a deposed leader among them: each builds on the newest there is, and what a cluster has known later is never replaced by what it knew before, so that the order of requests does not
 * matter. A stalled writer may create a number again that was deleted; it lies below the newest and says nothing. Metadata of another cluster are always newer: the bucket's claim keeps clusters apart.
 *
 * <p><b>On crash</b> before the create: nothing happened; after it: older ones stay, until the next write.
 */
public final class TopicObjects {

    /** How often another writer may be faster, or the newest vanish between listing and reading. */
    private static final int ATTEMPT_LIMIT = 8;

    private static final Logger log = LoggerFactory.getLogger(TopicObjects.class);

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final String topic;
    private final Uuid id;

    public TopicObjects(ObjectStore objects, BucketLayout layout, String topic, Uuid id) {
        this.objects = objects;
        this.layout = layout;
        this.topic = topic;
        this.id = id;
    }

    /** What the bucket says of the topic, by two requests; empty if it says nothing. */
    public CompletableFuture<Optional<ColdTopicDescription>> read() {
        return newest(ATTEMPT_LIMIT).thenApply(newest -> newest.object().map(this::decoded));
    }

    /**
     * Makes the bucket say this; false if it does already, or something newer. Two requests then, else four.
     *
     * @param nonce random
     */
    public CompletableFuture<Boolean> write(ColdTopicDescription description, long nonce, long nowMs) {
        return write(description, nonce, nowMs, ATTEMPT_LIMIT);
    }

    private CompletableFuture<Boolean> write(ColdTopicDescription description, long nonce, long nowMs, int attemptsLeft) {
        if (attemptsLeft == 0) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable("Other writers of topic " + topic + " were faster " + ATTEMPT_LIMIT + " times", null));
        }
        return newest(ATTEMPT_LIMIT).thenCompose(newest -> {
            if (newest.object().flatMap(this::undamaged).filter(present -> settled(present, description)).isPresent()) {
                return CompletableFuture.completedFuture(false);
            }
            long number = newest.number() + 1;
            return objects.putIfAbsent(layout.topicObject(topic, id, number), TopicCodec.encode(description, number, nonce, nowMs))
                    .thenCompose(outcome -> outcome == PutOutcome.CREATED ? trim(newest.keys()).thenApply(nothing -> true) : write(description, nonce, nowMs, attemptsLeft - 1));
        });
    }

    private static boolean settled(ColdTopicDescription present, ColdTopicDescription next) {
        return present.sameAs(next) || present.clusterId().equals(next.clusterId()) && present.metadataVersion() >= next.metadataVersion();
    }

    private CompletableFuture<Void> trim(List<String> older) {
        return older.isEmpty() ? CompletableFuture.completedFuture(null) : objects.deleteAll(older);
    }

    /** Of a topic that is gone; absence is success. */
    public CompletableFuture<Void> delete() {
        return objects.list(layout.topicObjects(topic, id), "", ObjectStore.LIST_LIMIT_KEYS).thenCompose(page -> {
            CompletableFuture<Void> done = trim(page.objects().stream().map(StoredObject::key).toList());
            return page.more() ? done.thenCompose(nothing -> delete()) : done;
        });
    }

    /** Deletes the description of a topic that is gone, if it is the last that is left of it: it says whose topic the other objects are. */
    public CompletableFuture<Void> deleteLast() {
        String own = layout.topicObjects(topic, id);
        return objects.list(layout.topicDirectory(topic, id), "", 1).thenCompose(page -> {
            boolean last = !page.objects().isEmpty() && page.objects().get(0).key().startsWith(own); // partitions have numbers and come first
            return last ? delete() : CompletableFuture.completedFuture(null);
        });
    }

    /** The bytes of the object of a number. */
    private record Numbered(long number, ByteBuffer bytes) {}

    /** @param keys all there are, the newest last */
    private record Newest(long number, Optional<Numbered> object, List<String> keys) {}

    private ColdTopicDescription decoded(Numbered object) {
        return TopicCodec.decode(id, object.number(), object.bytes());
    }

    /** A damaged one says nothing: the next one takes its place. */
    private Optional<ColdTopicDescription> undamaged(Numbered object) {
        try {
            return Optional.of(decoded(object));
        } catch (ColdStoreException.Corrupt damaged) {
            log.atWarn().addKeyValue("topic", topic).addKeyValue("number", object.number()).addKeyValue("error", damaged.toString()).log("What describes a topic is damaged; it is written anew");
            return Optional.empty();
        }
    }

    private CompletableFuture<Newest> newest(int attemptsLeft) {
        return objects.list(layout.topicObjects(topic, id), "", ObjectStore.LIST_LIMIT_KEYS).thenCompose(page -> page.objects().isEmpty()
                ? CompletableFuture.completedFuture(new Newest(0, Optional.empty(), List.of())) : read(page, attemptsLeft));
    }

    private CompletableFuture<Newest> read(ObjectPage page, int attemptsLeft) {
        if (page.more()) {
            return CompletableFuture.failedFuture(new ColdStoreException.Corrupt("More than a page of objects in " + layout.topicObjects(topic, id), null));
        }
        List<String> keys = page.objects().stream().map(StoredObject::key).filter(key -> layout.topicObjectNumber(topic, id, key).isPresent()).toList();
        if (keys.isEmpty()) {
            return CompletableFuture.completedFuture(new Newest(0, Optional.empty(), keys));
        }
        String key = keys.get(keys.size() - 1);
        long number = layout.topicObjectNumber(topic, id, key).orElseThrow();
        return objects.getSmall(key).thenApply(bytes -> new Newest(number, Optional.of(new Numbered(number, bytes)), keys))
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing && attemptsLeft > 1 ? newest(attemptsLeft - 1)
                        : CompletableFuture.failedFuture(failure));
    }
}
