package io.firn.membership;

import java.util.concurrent.CompletableFuture;

/** Who else keeps the journal: an entry may be committed only when a majority of its keepers has forced it. Confined to the metadata thread. */
interface Majority {

    /** This broker is the only keeper. */
    Majority ALONE = new Majority() {
        @Override
        public void offer() {
            // Nobody is there to take it.
        }

        @Override
        public CompletableFuture<Void> forced(long version) {
            return CompletableFuture.completedFuture(null);
        }
    };

    /** There are new entries in memory, which this broker is about to force. */
    void offer();

    /** This broker has forced everything up to {@code version}; completes on the metadata thread when a majority has, itself included. Called with growing versions. */
    CompletableFuture<Void> forced(long version);
}
