package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.StoredObject;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Sees to it that every request has an end: when the store is closed, what the client library leaves hanging fails, and so does what comes later. Also bounds the requests
 * in flight and waiting to {@value #LIMIT}; beyond that a request fails at once as Unavailable.
 *
 * <p>Thread-safe: a request is ended once, by whoever completes its future first.
 */
final class EndingBucketRequests implements BucketRequests {

    static final int LIMIT = 10_000;

    private final BucketRequests requests;
    private final Map<CompletableFuture<?>, Boolean> inFlight = new ConcurrentHashMap<>(); // value: whether it writes
    private volatile boolean closed;

    EndingBucketRequests(BucketRequests requests) {
        this.requests = requests;
    }

    private <T> CompletableFuture<T> ending(boolean write, Supplier<CompletableFuture<T>> request) {
        return ending(write, request, () -> { });
    }

    private <T> CompletableFuture<T> ending(boolean write, Supplier<CompletableFuture<T>> request, Runnable beforeEnd) {
        if (closed || inFlight.size() >= LIMIT) {
            String why = closed ? " is closed" : " has too many requests waiting";
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable(location() + why, null));
        }
        CompletableFuture<T> ending = new CompletableFuture<>();
        CompletableFuture<T> result = ending.whenComplete((value, failure) -> beforeEnd.run());
        inFlight.put(ending, write);
        started(request).whenComplete((value, failure) -> {
            inFlight.remove(ending);
            if (failure == null) {
                ending.complete(value);
            } else {
                ending.completeExceptionally(ColdStoreException.unwrap(failure));
            }
        });
        if (closed) {
            endAll(); // closed since the question above: nobody else would end this one
        }
        return result;
    }

    private static <T> CompletableFuture<T> started(Supplier<CompletableFuture<T>> request) {
        try {
            return request.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void endAll() {
        inFlight.forEach((future, write) -> {
            String message = location() + " was closed during the request";
            future.completeExceptionally(write ? new ColdStoreException.Uncertain(message, null) : new ColdStoreException.Unavailable(message, null));
            inFlight.remove(future);
        });
    }

    @Override
    public CompletableFuture<Boolean> putObject(String key, ByteBuffer body, String crc32, boolean onlyIfAbsent) {
        return ending(true, () -> requests.putObject(key, body, crc32, onlyIfAbsent));
    }

    @Override
    public CompletableFuture<String> createUpload(String key) {
        return ending(true, () -> requests.createUpload(key));
    }

    @Override
    public CompletableFuture<String> uploadPart(String key, String uploadId, int number, ByteBuffer body, String crc32) {
        return ending(true, () -> requests.uploadPart(key, uploadId, number, body, crc32));
    }

    @Override
    public CompletableFuture<Void> completeUpload(String key, String uploadId, List<Part> parts) {
        return ending(true, () -> requests.completeUpload(key, uploadId, parts));
    }

    @Override
    public CompletableFuture<Void> abortUpload(String key, String uploadId) {
        return ending(true, () -> requests.abortUpload(key, uploadId));
    }

    @Override
    public CompletableFuture<Void> get(String key, BodyReceiver receiver) {
        return ending(false, () -> requests.get(key, receiver), receiver::close);
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        return ending(false, () -> requests.head(key));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return ending(false, () -> requests.list(prefix, startAfter, maxKeys));
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return ending(true, () -> requests.delete(key));
    }

    @Override
    public CompletableFuture<Void> deleteBatch(List<String> keys) {
        return ending(true, () -> requests.deleteBatch(keys));
    }

    @Override
    public String location() {
        return requests.location();
    }

    @Override
    public void close() {
        closed = true;
        requests.close();
        endAll();
    }
}
