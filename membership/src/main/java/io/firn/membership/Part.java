package io.firn.membership;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * What this broker does for the metadata: decide everything alone ({@link SoleController}), or play its part among others ({@code ClusterMember}).
 *
 * <p>Threading: confined to the metadata thread.
 */
interface Part {

    /** Commands may be waiting. */
    void turn() throws IOException;

    /** Whether a group is being committed, which is to be let finish before {@link #end}. */
    boolean committing();

    /** Whether commands are decided here. Called on any thread. */
    boolean controls();

    /** The broker that decides commands, as far as this one knows; empty when there is none. Called on any thread. */
    OptionalInt controller();

    /** Completes {@code answer} with how far all copies are, as the controller knows, or with {@link MetadataUnavailable}. */
    void progress(CompletableFuture<Progress> answer);

    /** Version of the last view this broker has begun to commit as the controller it is now; 0 if it is none. Called on any thread. */
    default long offeredVersion() {
        return 0;
    }

    /** Asked to close: takes nothing more on. */
    void closing();

    /** Nothing is decided or written from here on; what is under way fails so. */
    void abandon(Supplier<MetadataException> error);

    /** Gives everything back. The last call. */
    void end() throws IOException;
}
