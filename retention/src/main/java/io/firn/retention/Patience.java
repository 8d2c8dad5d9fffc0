package io.firn.retention;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * How the thread of a compaction waits for the bucket and the loop: until an answer is there, or the worker closes.
 *
 * <p>Threading: immutable. Never used on a loop.
 *
 * @param closing done when the worker closes: nobody may answer any more
 */
record Patience(CompletableFuture<Void> closing) {

    /** The result, or its failure as it was thrown. {@link CancellationException} when the worker closes meanwhile. */
    <T> T await(CompletableFuture<T> future) {
        try {
            CompletableFuture.anyOf(future, closing).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
        if (!future.isDone()) {
            throw new CancellationException("the retention worker closes");
        }
        return future.getNow(null);
    }

    private static RuntimeException rethrown(Throwable failure) {
        Throwable bare = PartitionLoop.unwrapped(failure);
        if (bare instanceof Error fatal) {
            throw fatal;
        }
        return bare instanceof RuntimeException ordinary ? ordinary : new IllegalStateException(bare);
    }
}
