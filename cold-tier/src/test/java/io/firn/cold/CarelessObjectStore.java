package io.firn.cold;

import io.firn.cold.store.ForwardingObjectStore;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/** A store that overwrites where it should create. */
final class CarelessObjectStore extends ForwardingObjectStore {

    CarelessObjectStore(ObjectStore store) {
        super(store);
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        return put(key, UploadSource.of(bytes)).thenApply(stored -> PutOutcome.CREATED);
    }
}
