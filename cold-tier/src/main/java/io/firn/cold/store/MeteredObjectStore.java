package io.firn.cold.store;

import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Counts and times the operations of a store that makes no requests to anybody, which is provider {@code file}: each is one. Those of a bucket are counted by {@link MeteredBucketRequests}. Thread-safe.
 */
public final class MeteredObjectStore implements ObjectStore {

    private final ObjectStore store;
    private final ObjectStoreMeters meters;

    /** Owns {@code store}. */
    public MeteredObjectStore(ObjectStore store, ObjectStoreMeters meters) {
        this.store = store;
        this.meters = meters;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        int size = bytes.remaining();
        return meters.metered("put_if_absent", outcome -> outcome == PutOutcome.EXISTED ? "existed" : "ok", () -> store.putIfAbsent(key, bytes))
                .whenComplete((outcome, failure) -> meters.written(outcome == PutOutcome.CREATED ? size : 0));
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        return meters.metered("put", () -> store.put(key, source)).whenComplete((stored, failure) -> meters.written(failure == null ? stored.sizeBytes() : 0));
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return get(key, from, targets, full -> {});
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        long size = targets.stream().mapToLong(ByteBuffer::remaining).sum();
        if (size == 0) {
            return store.get(key, from, targets, progress);
        }
        return meters.metered("get", () -> store.get(key, from, targets, progress)).whenComplete((nothing, failure) -> meters.read(failure == null ? size : 0));
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        return meters.metered("get_small", () -> store.getSmall(key)).whenComplete((bytes, failure) -> meters.read(failure == null ? bytes.remaining() : 0));
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return meters.metered("head", () -> store.head(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return meters.metered("list", () -> store.list(prefix, startAfter, maxKeys));
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return meters.metered("delete", () -> store.delete(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        return meters.metered("delete_all", () -> store.deleteAll(keys));
    }

    @Override
    public String location() {
        return store.location();
    }

    @Override
    public void close() {
        store.close();
    }
}
