package io.firn.cold.cache;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Sends the ranged reads of the cold tier, and counts them. They are made on {@code work}: a client library may take longer to build a request than an event loop has, and the tasks of
 * {@code ColdThreads.reads} run on those, too. Thread-safe.
 */
public record RangedGets(ObjectStore objects, Executor work, ColdMeters meters) {

    /** Fills {@code target}; see {@link ObjectStore#get}. */
    public CompletableFuture<Void> get(String key, long from, ByteBuffer target) {
        return get(key, from, List.of(target), full -> {});
    }

    /** Fills {@code targets} by one request; see {@link ObjectStore#get(String, long, List, ObjectStore.Progress)}. */
    public CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, ObjectStore.Progress progress) {
        meters.get(targets.stream().mapToLong(ByteBuffer::remaining).sum());
        try {
            return CompletableFuture.supplyAsync(() -> objects.get(key, from, targets, progress), work).thenCompose(sent -> sent);
        } catch (RejectedExecutionException closing) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable("The cold tier is closed", closing));
        }
    }
}
