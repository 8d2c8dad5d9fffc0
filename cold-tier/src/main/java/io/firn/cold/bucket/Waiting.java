package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** For tools that have a thread of their own: waits for a request to the store, each of which ends. */
public final class Waiting {

    private Waiting() {}

    /** The outcome; fails with {@link ColdStoreException}, bare. */
    public static <T> T on(CompletableFuture<T> request) {
        try {
            return request.join();
        } catch (CompletionException failure) {
            Throwable cause = ColdStoreException.unwrap(failure);
            throw cause instanceof RuntimeException bare ? bare : failure;
        }
    }
}
