package io.firn.membership;

import io.firn.membership.replication.Message;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * What a broker among others is doing at the moment.
 *
 * <pre>
 *             ┌──────────── contact lost, refused ────────────┐
 *             ▼                                               │
 *   ──▶ {@link Search} ── controller found or announced ──▶ {@link Following}
 *         │   ▲                                               ▲
 *         │   └── gave up, lock given back ──┐                │ a higher epoch is announced (from every role)
 *         └─ lock taken ──▶ {@link Takeover} ┴─ head claimed ─▶ {@link Control} ── lease passed, lock lost, deposed, no majority ──▶ Search
 * </pre>
 *
 * <p>A role that was left ignores whatever still arrives for it ({@link ClusterMember#isIn}).
 *
 * <p>Threading: confined to the metadata thread.
 */
interface Role {

    void begin() throws IOException;

    /** Another role follows, or the end. */
    void leave();

    /** Commands may be waiting. */
    void turn() throws IOException;

    /** Whether a group is being committed. */
    default boolean committing() {
        return false;
    }

    /** Whether commands are decided here. Called on any thread. */
    default boolean active() {
        return false;
    }

    /** Version of the last view that was to be committed in this role. Called on any thread. */
    default long offeredVersion() {
        return 0;
    }

    /** The metadata has failed: what is under way fails so. */
    default void abandon(Supplier<MetadataException> error) {
        leave();
    }

    /** A follower asks. */
    default CompletableFuture<Message> follow(int broker, Message.Follow follow) throws IOException {
        throw new IllegalStateException("only the controller is followed");
    }

    /** How far everybody's copy is; the controller knows. */
    default Optional<Progress> progress() {
        return Optional.empty();
    }

    /** A broker cannot be reached. */
    default void lost(int broker) {
        // Only a follower minds.
    }

    /** Epoch under which this broker is the controller, or is becoming it; 0 if it is neither. */
    default int controllerEpoch() {
        return 0;
    }
}
