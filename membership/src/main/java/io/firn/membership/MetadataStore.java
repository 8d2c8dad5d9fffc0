package io.firn.membership;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * The port to what elects the controller and holds the head of the journal: one lock, and one value of 44 bytes.
 *
 * <p>The two are independent on purpose. The lock says who should write; a holder may lose it and not know (a pause, a partition), so it is no
 * proof. Safety comes from the head alone: it changes only by compare-and-set against the exact value the writer built on, each value names its entry by hash and so
 * never comes back, and a new controller's first act is to commit an entry of its own, which makes every set of its predecessor fail.
 *
 * <p>Contract, kept by every implementation (`MetadataStoreContract` in the tests):
 * <ul>
 *   <li>Operations on one store take effect in one order, the same for all of its clients, each between its call and its completion; except that a change
 *       which failed with {@link MetadataOutcomeUnknown} may take effect at any later time, once, or never.
 *   <li>What was completed survives a crash of everything, power loss included.
 *   <li>Every future completes, at the latest about {@code timeoutMs} after the call: with {@link MetadataUnavailable} when the operation certainly had and
 *       will have no effect, with {@link MetadataOutcomeUnknown} when a change may have happened. Reads fail with {@code MetadataUnavailable} only.
 *   <li>After an error of its own disk a store is dead: every later call fails.
 *   <li>After {@link #close()} every call fails with {@code MetadataUnavailable}.
 * </ul>
 *
 * <p>Threading: thread-safe. Calls may do their work before they return (the local store forces its file), so never call on an event loop. Futures
 * complete on any thread; continuations must not block.
 */
public interface MetadataStore extends AutoCloseable {

    /**
     * Tries once to take the lock {@code controller}.
     *
     * @return the fence, which is the controller epoch: 1 or more, greater than that of every earlier acquisition, total restarts included;
     *         or empty when another holds the lock. Whoever already holds it gets a new, greater epoch.
     */
    CompletableFuture<OptionalInt> acquireController(long timeoutMs);

    /** Whether the lock is still held under this epoch; also prolongs a lease where there is one. The answer is old when it arrives. */
    CompletableFuture<Boolean> confirmController(int epoch, long timeoutMs);

    /** Gives the lock back; without effect when it is no longer held under this epoch. */
    CompletableFuture<Void> releaseController(int epoch, long timeoutMs);

    /** The newest value, or empty when there never was one. */
    CompletableFuture<Optional<Head>> readHead(long timeoutMs);

    /** Sets the head if it equals {@code expected} (empty: if there is none yet); completes with whether it did. */
    CompletableFuture<Boolean> compareAndSetHead(Optional<Head> expected, Head update, long timeoutMs);

    /** Gives up the lock if held, and all resources. Idempotent. */
    @Override
    void close();
}
