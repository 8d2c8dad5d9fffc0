package io.firn.hot.replication;

import io.firn.hot.LogStart;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/**
 * Where the cold tier ends, for a replica that takes what lies below from there. Futures complete on the loop of the partition; they fail with {@link TierUnavailableException} when the bucket does not answer, and with anything else when a person has to act.
 *
 * <p>A question may have to wait for others. {@code wanted} is asked on the loop when it is about to be put: if whoever asked has no use for the answer any more, the bucket is left alone, and the future fails.
 */
public interface TierBoundary {

    /** Of a partition without cold tier. */
    TierBoundary NONE = new TierBoundary() {
        @Override
        public CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted) {
            return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted) {
            return CompletableFuture.completedFuture(TierEnd.NONE);
        }
    };

    /** Looks it up in the bucket, for a follower. Empty when the cold tier has nothing. The leader may move it at any time. */
    CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted);

    /**
     * Looks it up for a replica that is to lead and may lack what the cold tier has: fences earlier leaders first, so that none of them can add to it any more.
     *
     * @param leaderEpoch under which the election was won that this is for: whatever the replica has heard of since, the claim is in this name or not made
     */
    CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted);
}
