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

/** A store in front of another one, to which everything goes that a subclass does not do itself. Owns it. Thread-safe as what it wraps. */
public abstract class ForwardingObjectStore implements ObjectStore {

    private final ObjectStore store;

    protected ForwardingObjectStore(ObjectStore store) {
        this.store = store;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        return store.putIfAbsent(key, bytes);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        return store.put(key, source);
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return store.get(key, from, targets);
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        return store.get(key, from, targets, progress);
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        return store.getSmall(key);
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return store.head(key);
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return store.list(prefix, startAfter, maxKeys);
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return store.delete(key);
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        return store.deleteAll(keys);
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
