package io.firn.cold.store;

import io.firn.cold.ObjectPage;
import io.firn.cold.StoredObject;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Counts and times every request to a bucket, as the store sees and bills it: each part of an upload, its begin, end and abort, and each repetition by itself. So it belongs directly around the client library, below
 * whatever splits, repeats or resumes.
 *
 * <p>A request counts when it has ended, so one that is in flight when the store is closed may not. What never got as far as the store (nobody listens, no credentials) counts too, as {@code unavailable} or {@code misconfigured}. Thread-safe.
 */
public final class MeteredBucketRequests implements BucketRequests {

    private final BucketRequests requests;
    private final ObjectStoreMeters meters;

    /** Owns {@code requests}. */
    public MeteredBucketRequests(BucketRequests requests, ObjectStoreMeters meters) {
        this.requests = requests;
        this.meters = meters;
    }

    @Override
    public CompletableFuture<Boolean> putObject(String key, ByteBuffer body, String crc32, boolean onlyIfAbsent) {
        int size = body.remaining();
        return meters.metered(onlyIfAbsent ? "put_if_absent" : "put", created -> created ? "ok" : "existed", () -> requests.putObject(key, body, crc32, onlyIfAbsent))
                .whenComplete((created, failure) -> meters.written(failure == null && created ? size : 0));
    }

    @Override
    public CompletableFuture<String> createUpload(String key) {
        return meters.metered("create_upload", () -> requests.createUpload(key));
    }

    @Override
    public CompletableFuture<String> uploadPart(String key, String uploadId, int number, ByteBuffer body, String crc32) {
        int size = body.remaining();
        return meters.metered("upload_part", () -> requests.uploadPart(key, uploadId, number, body, crc32)).whenComplete((etag, failure) -> meters.written(failure == null ? size : 0));
    }

    @Override
    public CompletableFuture<Void> completeUpload(String key, String uploadId, List<Part> parts) {
        return meters.metered("complete_upload", () -> requests.completeUpload(key, uploadId, parts));
    }

    @Override
    public CompletableFuture<Void> abortUpload(String key, String uploadId) {
        return meters.metered("abort_upload", () -> requests.abortUpload(key, uploadId));
    }

    @Override
    public CompletableFuture<Void> get(String key, BodyReceiver receiver) {
        return meters.metered(receiver.rangeHeader().isPresent() ? "get" : "get_small", () -> requests.get(key, receiver))
                .whenComplete((nothing, failure) -> meters.read(failure == null ? receiver.sizeBytes() : 0));
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return meters.metered("head", () -> requests.head(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return meters.metered("list", () -> requests.list(prefix, startAfter, maxKeys));
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return meters.metered("delete", () -> requests.delete(key));
    }

    @Override
    public CompletableFuture<Void> deleteBatch(List<String> keys) {
        return meters.metered("delete_all", () -> requests.deleteBatch(keys));
    }

    @Override
    public String location() {
        return requests.location();
    }

    @Override
    public void close() {
        requests.close();
    }
}
