package io.firn.it.simulation;

import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.store.ForwardingObjectStore;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/** A way to the bucket that does what is to follow a commit of the manifest before it: the mistakes {@link Mistake#DELETE_BEFORE_MANIFEST_COMMIT} and {@link Mistake#DELETE_LOCAL_BEFORE_COMMIT}. */
final class HastyBucket extends ForwardingObjectStore {

    private final ObjectStore link;
    private final Life life;
    private final SimObjectStore objects;

    HastyBucket(ObjectStore link, Life life, SimObjectStore objects) {
        super(link);
        this.link = link;
        this.life = life;
        this.objects = objects;
    }

    /** What the manifest drops is told by what it does not name any more: here the oldest segment, when the log start has passed it. */
    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        if (life.cluster.mistake == Mistake.DELETE_BEFORE_MANIFEST_COMMIT && key.endsWith(".manifest")) {
            life.cluster.observed.tiers.droppedBy(key, bytes).forEach(dropped -> link.delete(dropped));
        }
        return link.putIfAbsent(key, bytes);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        CompletableFuture<StoredObject> put = link.put(key, source);
        if (life.cluster.mistake == Mistake.DELETE_LOCAL_BEFORE_COMMIT && key.endsWith(".segment")) {
            Optional<TopicIdPartition> partition = life.cluster.observed.tiers.partitionOf(key);
            put.thenAccept(stored -> life.loop.execute(() -> partition.flatMap(life::held).ifPresent(held -> held.log().hot().deleteLocalBefore(held.replica().highWatermark()))));
        }
        return put;
    }
}
