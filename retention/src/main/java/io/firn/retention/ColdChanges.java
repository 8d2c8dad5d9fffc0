package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.SegmentSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** The way from a thread that reads and writes objects to the one who may change the cold log, on the partition's loop. Immutable; thread-safe; futures complete on the loop, as {@link Offloader#change} says. */
record ColdChanges(Offloader offloader, PartitionLoop loop) {

    /** @param sizeBytes bytes that it uploads, for the pace */
    <T> CompletableFuture<T> make(long sizeBytes, Function<ColdLog, CompletableFuture<T>> operation) {
        return CompletableFuture.supplyAsync(() -> offloader.change(sizeBytes, operation), loop.executor()).thenCompose(Function.identity());
    }

    /** See {@link ColdLog#replace}. */
    CompletableFuture<Optional<List<ColdSegment>>> replace(List<ColdSegment> superseded, SegmentSource source) {
        return make(source.logSizeBytes(), cold -> cold.replace(superseded, List.of(source)));
    }

    /** See {@link ColdLog#cleanUpTo}. */
    CompletableFuture<Void> cleanUpTo(long offset) {
        return make(0, cold -> cold.cleanUpTo(offset));
    }
}
