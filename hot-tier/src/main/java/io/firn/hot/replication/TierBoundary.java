package io.firn.hot.replication;

import io.firn.hot.LogStart;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Where the cold tier ends, for a replica that takes what lies below from there. Futures complete on the loop of the partition; they fail when the bucket does not answer. */
public interface TierBoundary {

    /** Of a partition without cold tier. */
    TierBoundary NONE = new TierBoundary() {
        @Override
        public CompletableFuture<Optional<LogStart>> find() {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<TierEnd> claim() {
            return CompletableFuture.completedFuture(TierEnd.NONE);
        }
    };

    /** Looks it up in the bucket, for a follower. Empty when the cold tier has nothing. The leader may move it at any time. */
    CompletableFuture<Optional<LogStart>> find();

    /** Looks it up for a replica that is to lead and may lack what the cold tier has: fences earlier leaders first, so that none of them can add to it any more. */
    CompletableFuture<TierEnd> claim();
}
