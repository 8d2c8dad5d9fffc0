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
 * Repeats what may pass by itself, a bounded number of times ({@link RetryPolicy}); the same for every store.
 *
 * <p>A conditional create whose earlier attempt may have taken effect, and now meets an object, compares bytes: its own bytes mean it has won after all. An object that is
 * uploaded in parts is not repeated as a whole here: {@link MultipartUpload} repeats each part under the same policy. A get goes on behind the targets that are full ({@link ResumedGet}).
 *
 * <p>Thread-safe; closing stops repeating first, then closes the store below.
 */
public final class RetryingObjectStore implements ObjectStore {

    private final ObjectStore store;
    private final Retrier retrier;

    /** Owns both. */
    public RetryingObjectStore(ObjectStore store, Retrier retrier) {
        this.store = store;
        this.retrier = retrier;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        return retrier.run(key, uncertainBefore -> {
            CompletableFuture<PutOutcome> outcome = store.putIfAbsent(key, bytes);
            return uncertainBefore ? outcome.thenCompose(o -> recognized(o, key, bytes)) : outcome;
        });
    }

    private CompletableFuture<PutOutcome> recognized(PutOutcome outcome, String key, ByteBuffer bytes) {
        if (outcome == PutOutcome.CREATED) {
            return CompletableFuture.completedFuture(outcome);
        }
        return store.getSmall(key).thenApply(found -> found.equals(bytes) ? PutOutcome.CREATED : PutOutcome.EXISTED);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        if (source.sizeBytes() > MultipartUpload.PART_BYTES) {
            return store.put(key, source);
        }
        return retrier.run(key, uncertainBefore -> store.put(key, source));
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return get(key, from, targets, full -> {});
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        ResumedGet get = new ResumedGet((at, rest, told) -> store.get(key, at, rest, told), from, targets, progress);
        return retrier.run(key, uncertainBefore -> get.attempt());
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        return retrier.run(key, uncertainBefore -> store.getSmall(key));
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return retrier.run(key, uncertainBefore -> store.head(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return retrier.run(prefix, uncertainBefore -> store.list(prefix, startAfter, maxKeys));
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return retrier.run(key, uncertainBefore -> store.delete(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        List<String> all = List.copyOf(keys);
        return retrier.run("deletion", uncertainBefore -> store.deleteAll(all));
    }

    @Override
    public String location() {
        return store.location();
    }

    @Override
    public void close() {
        retrier.close();
        store.close();
    }
}
