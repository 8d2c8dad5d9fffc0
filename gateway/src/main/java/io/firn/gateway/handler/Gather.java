package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partition;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.common.protocol.ApiMessage;

/** Fans a request out to partitions and brings the parts back together. Pure functions over futures. */
final class Gather {

    private Gather() {}

    /** Does {@code work} on the partition's loop; a throw there fails the future. */
    static <T> CompletableFuture<T> onLoop(Partition partition, Function<Partition, CompletableFuture<T>> work) {
        return CompletableFuture.supplyAsync(() -> work.apply(partition), partition.loop()).thenCompose(Function.identity());
    }

    /** Answers the request with what the future brings, or with its failure: never with silence. */
    static void answer(Request request, CompletableFuture<? extends ApiMessage> answer) {
        answer.whenComplete((response, failure) -> {
            if (failure == null) {
                request.respond(response);
            } else {
                request.fail(failure);
            }
        });
    }

    /** The results in the order of {@code parts}; fails if one fails. */
    static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new)).thenApply(done -> parts.stream().map(CompletableFuture::join).toList());
    }
}
