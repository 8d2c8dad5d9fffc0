package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectKeys;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.Slots;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * An object store over an S3 bucket, whatever library makes the requests: checks arguments, splits large objects, verifies sizes, batches deletions.
 *
 * <p>Memory: a slot for each body of an upload, of a part's size at most; all uploads share them. Threading: thread-safe, with no other state. Writes are started on {@code writers}, where sources are read and digests computed, reads on the caller's thread.
 */
public final class BucketObjectStore implements ObjectStore {

    /** Heap that a part takes, or an object that goes in one request, at most. */
    public static final int PART_BYTES = MultipartUpload.PART_BYTES;

    private final BucketRequests requests;
    private final Retrier retrier;
    private final ExecutorService writers;
    private final Slots uploads;

    /**
     * Owns {@code requests} and {@code writers}.
     *
     * @param retrier for the parts of large objects only
     * @param uploadParts parts in flight, of all objects together; an object that goes in one request is a part
     */
    public BucketObjectStore(BucketRequests requests, Retrier retrier, ExecutorService writers, int uploadParts) {
        this.requests = new EndingBucketRequests(requests);
        this.retrier = retrier;
        this.writers = writers;
        this.uploads = new Slots(uploadParts);
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        ObjectKeys.checked(key);
        if (bytes.remaining() > SMALL_OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Small object of " + bytes.remaining() + " bytes: " + key);
        }
        ByteBuffer body = bytes.duplicate();
        return onWriters(() -> requests.putObject(key, body, Crc32.of(body), true)).thenApply(created -> created ? PutOutcome.CREATED : PutOutcome.EXISTED);
    }

    @Override
    public CompletableFuture<StoredObject> put(String key, UploadSource source) {
        ObjectKeys.checked(key);
        if (source.sizeBytes() > OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Object of " + source.sizeBytes() + " bytes: " + key);
        }
        if (source.sizeBytes() > MultipartUpload.PART_BYTES) {
            return onWriters(() -> new MultipartUpload(requests, retrier, writers, uploads, key, source).start());
        }
        return uploads.take().thenCompose(turn -> onWriters(() -> putWhole(key, source)).whenComplete((stored, failure) -> uploads.giveBack()));
    }

    private CompletableFuture<StoredObject> putWhole(String key, UploadSource source) {
        ByteBuffer body = ByteBuffer.allocate((int) source.sizeBytes());
        SourceReading.fill(source, 0, body);
        body.flip();
        int sizeBytes = body.remaining();
        return requests.putObject(key, body, Crc32.of(body), false).thenCompose(done -> requests.head(key).handle((found, problem) -> {
            if (problem != null) {
                throw new ColdStoreException.Uncertain("Stored, but could not be verified: " + key, ColdStoreException.unwrap(problem));
            }
            return found.filter(object -> object.sizeBytes() == sizeBytes)
                    .orElseThrow(() -> new ColdStoreException.Corrupt("Stored " + sizeBytes + " bytes, but found " + found + " at " + key, null));
        }));
    }

    private <T> CompletableFuture<T> onWriters(Supplier<CompletableFuture<T>> request) {
        try {
            return CompletableFuture.supplyAsync(request, writers).thenCompose(future -> future);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable(location() + " is closed", e));
        }
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets) {
        return get(key, from, targets, full -> {});
    }

    @Override
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        ObjectKeys.checked(key);
        if (from < 0) {
            throw new IllegalArgumentException("Range from " + from);
        }
        if (targets.stream().noneMatch(ByteBuffer::hasRemaining)) {
            return CompletableFuture.completedFuture(null);
        }
        return requests.get(key, BodyReceiver.ofRange(key, from, targets, progress));
    }

    @Override
    public CompletableFuture<ByteBuffer> getSmall(String key) {
        BodyReceiver receiver = BodyReceiver.ofSmall(ObjectKeys.checked(key));
        return requests.get(key, receiver).thenApply(done -> receiver.small());
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return requests.head(ObjectKeys.checked(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        ObjectKeys.checkedPrefix(prefix);
        ObjectKeys.checkedPrefix(startAfter);
        if (maxKeys < 1 || maxKeys > LIST_LIMIT_KEYS) {
            throw new IllegalArgumentException("maxKeys " + maxKeys);
        }
        return requests.list(prefix, startAfter, maxKeys);
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return requests.delete(ObjectKeys.checked(key));
    }

    @Override
    public CompletableFuture<Void> deleteAll(Collection<String> keys) {
        List<String> all = keys.stream().map(ObjectKeys::checked).toList();
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        for (int from = 0; from < all.size(); from += LIST_LIMIT_KEYS) {
            List<String> batch = all.subList(from, Math.min(all.size(), from + LIST_LIMIT_KEYS));
            done = done.thenCompose(previous -> requests.deleteBatch(batch));
        }
        return done;
    }

    @Override
    public String location() {
        return requests.location();
    }

    /** Requests fail first, so that uploads end by themselves; the writers' queue runs dry then. */
    @Override
    public void close() {
        requests.close();
        writers.shutdown();
    }
}
