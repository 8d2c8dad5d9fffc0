package io.firn.cold;

import java.util.concurrent.CompletableFuture;

/** Lets tests of other modules have the objects deleted whose grace period is over, without waiting for the store to do it by itself. */
public final class Sweeps {

    private Sweeps() {}

    /** How many objects were deleted. */
    public static CompletableFuture<Integer> now(ColdStore store) {
        return store.sweep();
    }
}
