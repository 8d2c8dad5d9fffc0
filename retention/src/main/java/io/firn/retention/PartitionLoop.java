package io.firn.retention;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** The event loop of a partition, and the way of results back to it. Immutable; thread-safe. */
record PartitionLoop(Executor executor) {

    /** A future that completes on the loop with the result of {@code foreign}; failures come as they were thrown, not wrapped. */
    <T> CompletableFuture<T> bring(CompletableFuture<T> foreign) {
        CompletableFuture<T> here = new CompletableFuture<>();
        foreign.whenComplete((value, failure) -> executor.execute(() -> {
            if (failure == null) {
                here.complete(value);
            } else {
                here.completeExceptionally(unwrapped(failure));
            }
        }));
        return here;
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable bare = failure;
        while (bare instanceof CompletionException && bare.getCause() != null) {
            bare = bare.getCause();
        }
        return bare;
    }
}
