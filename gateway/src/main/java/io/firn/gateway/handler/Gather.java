package io.firn.gateway.handler;

import io.firn.gateway.partition.Partition;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Fans a request out to partitions and brings the parts back together. Pure functions over futures. */
final class Gather {

    private Gather() {}

    /** Does {@code work} on the partition's loop; a throw there fails the future. */
    static <T> CompletableFuture<T> onLoop(Partition partition, Function<Partition, CompletableFuture<T>> work) {
        return CompletableFuture.supplyAsync(() -> work.apply(partition), partition.loop()).thenCompose(Function.identity());
    }

    /** The results in the order of {@code parts}; fails if one fails. */
    static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> parts.stream().map(CompletableFuture::join).toList());
    }
}
