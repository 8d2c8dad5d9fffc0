package io.firn.retention;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * At what rate repairs fetch from other replicas, over all partitions: turns pay for what has come, so that a broker which has nothing costs no time, and many small segments come no faster than one large one.
 *
 * <p><i>Invariant</i>: never more has come than turns have paid for, and one answer. Threading: confined to the thread of the scrub, which waits in here.
 */
final class FetchPace {
    private final long turnBytes;
    private final ScrubMeters meters;
    /** Less than 0 while something has come that is not paid for. */
    private long paidBytes;

    /** @param turnBytes what one turn pays for */
    FetchPace(long turnBytes, ScrubMeters meters) {
        this.turnBytes = turnBytes;
        this.meters = meters;
    }

    /** Waits until all that has come is paid for. @param turn asks for one, done when it is there */
    void await(Supplier<CompletableFuture<Void>> turn, Patience patience) {
        while (paidBytes < 0) {
            patience.await(turn.get());
            paidBytes += turnBytes;
        }
    }

    /** So much has come, be it of use or not. */
    void fetched(long bytes) {
        paidBytes -= bytes;
        meters.fetched(bytes);
    }
}
