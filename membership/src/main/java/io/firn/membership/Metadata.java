package io.firn.membership;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/**
 * A broker's access to the cluster's metadata: the view, its changes, and the way to ask for one.
 *
 * <p>Threading: thread-safe. {@link #view()} is a volatile read. Listeners run one at a time on the metadata thread, in version order, and must not block.
 */
public final class Metadata implements AutoCloseable {

    private Metadata() {}

    /** Opens (or, in an empty directory, forms) the metadata of a single-broker cluster: a local {@link MetadataStore} and journal below {@code directory}. Blocks on the disk. */
    public static Metadata openSingleBroker(java.nio.file.Path directory, java.time.InstantSource clock, java.util.random.RandomGenerator random) {
        throw new UnsupportedOperationException();
    }

    public ClusterView view() {
        throw new UnsupportedOperationException();
    }

    /** Called with (previous, new) view after each change, beginning with those after this call. */
    public void subscribe(BiConsumer<ClusterView, ClusterView> listener) {
        throw new UnsupportedOperationException();
    }

    /** Decides, journals (forced to disk), commits and applies; completes with the view that has the change, after all listeners saw it. Fails with {@link CommandRefused}, or {@link MetadataUnavailable} when the outcome is not known. */
    public CompletableFuture<ClusterView> submit(Command command) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
