package io.firn.membership;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Sets the head, and settles what happened when the store does not say.
 *
 * <p>Why asking again is safe: a head names its entry by hash, so neither {@code expected} nor {@code update} ever comes back once it was replaced. An attempt that
 * takes effect late, after others have gone on, finds another value than it expects and does nothing. So:
 *
 * <pre>
 *  set                        → committed
 *  differs, no attempt open   → deposed: another controller committed; ours certainly is not
 *  differs, an attempt open   → read: it is ours → committed; it is not → unknown (ours may lie below it)
 *  unavailable                → ask again
 *  outcome unknown            → ask again, one attempt is open
 *  asked {@link #MAX_ATTEMPTS} times → unknown
 * </pre>
 *
 * Unknown ends this controller; who opens the journal next finds out from the head.
 *
 * <p>Immutable; runs on whatever thread completes the store's futures.
 */
final class HeadCommit {

    static final int MAX_ATTEMPTS = 5;

    /** Of each attempt. Five of them are longer than any leader election of the store should take. */
    static final long TIMEOUT_MS = 5_000;

    enum Result { COMMITTED, DEPOSED }

    private final MetadataStore store;

    HeadCommit(MetadataStore store) {
        this.store = store;
    }

    /** Completes with what certainly happened, or fails with {@link MetadataUnavailable}. */
    CompletableFuture<Result> commit(Optional<Head> expected, Head update) {
        return attempt(new Attempt(expected, update, 1, false));
    }

    /** @param open whether an earlier attempt may have taken effect, or still may */
    private record Attempt(Optional<Head> expected, Head update, int number, boolean open) {
        Attempt next(boolean unknown) {
            return new Attempt(expected, update, number + 1, open || unknown);
        }
    }

    private CompletableFuture<Result> attempt(Attempt attempt) {
        return store.compareAndSetHead(attempt.expected(), attempt.update(), TIMEOUT_MS)
                .handle((set, error) -> error == null ? answered(attempt, set) : failed(attempt, error))
                .thenCompose(next -> next);
    }

    private CompletableFuture<Result> answered(Attempt attempt, boolean set) {
        if (set) {
            return CompletableFuture.completedFuture(Result.COMMITTED);
        }
        if (!attempt.open()) {
            return CompletableFuture.completedFuture(Result.DEPOSED);
        }
        return store.readHead(TIMEOUT_MS)
                .handle((head, error) -> error == null ? compared(attempt, head) : failed(attempt, error))
                .thenCompose(next -> next);
    }

    private static CompletableFuture<Result> compared(Attempt attempt, Optional<Head> head) {
        return head.equals(Optional.of(attempt.update())) ? CompletableFuture.completedFuture(Result.COMMITTED)
                : CompletableFuture.failedFuture(new MetadataUnavailable("another controller has taken over; whether the change was committed before is not known", null));
    }

    private CompletableFuture<Result> failed(Attempt attempt, Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        boolean mayAskAgain = cause instanceof MetadataOutcomeUnknown || cause instanceof MetadataUnavailable;
        if (mayAskAgain && attempt.number() < MAX_ATTEMPTS) {
            return attempt(attempt.next(cause instanceof MetadataOutcomeUnknown));
        }
        return CompletableFuture.failedFuture(new MetadataUnavailable("the metadata store did not say whether the change was committed", cause));
    }
}
