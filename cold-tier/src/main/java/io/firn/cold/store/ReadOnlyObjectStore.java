package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;

/** Lets reads through and refuses whatever changes the store, as {@link ColdStoreException.Misconfigured}, before it leaves the process. For tools that must not do harm. Thread-safe as what it wraps. */
public final class ReadOnlyObjectStore extends ForwardingObjectStore {

    public ReadOnlyObjectStore(ObjectStore store) {
        super(store);
    }

    private <T> CompletableFuture<T> refused(String what) {
        return CompletableFuture.failedFuture(new ColdStoreException.Misconfigured(location() + " was opened to be read, and " + what + " is refused", null));
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
    public CompletableFuture<Void> delete(String key) {
        return refused("deleting " + key);
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        return refused("deleting " + keys.size() + " objects");
    }
}
