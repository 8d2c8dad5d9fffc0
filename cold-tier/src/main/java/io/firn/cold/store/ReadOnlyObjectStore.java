package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Lets reads through and refuses whatever changes the store, as {@link ColdStoreException.Misconfigured}, before it leaves the process. For tools that must not do harm. Thread-safe as what it wraps. */
public final class ReadOnlyObjectStore implements ObjectStore {

    private final ObjectStore store;

    public ReadOnlyObjectStore(ObjectStore store) {
        this.store = store;
    }

    private <T> CompletableFuture<T> refused(String what) {
        return CompletableFuture.failedFuture(new ColdStoreException.Misconfigured(store.location() + " was opened to be read, and " + what + " is refused", null));
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        return refused("creating " + key);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        return refused("writing " + key);
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
        return refused("deleting " + key);
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        return refused("deleting " + keys.size() + " objects");
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
