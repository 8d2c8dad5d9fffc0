package io.firn.hot.replication;

import io.firn.hot.LogStart;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Where the cold tier ends, for a replica that takes what lies below from there. */
@FunctionalInterface
public interface TierBoundary {

    /** Of a partition without cold tier. */
    TierBoundary NONE = () -> CompletableFuture.completedFuture(Optional.empty());

    /** Looks it up in the bucket. Completes on the loop of the partition; empty when the cold tier has nothing; fails when it does not answer. */
    CompletableFuture<Optional<LogStart>> find();
}
