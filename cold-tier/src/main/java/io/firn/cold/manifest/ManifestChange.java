package io.firn.cold.manifest;

import java.util.concurrent.CompletableFuture;

/** From one content of a manifest to the next; called anew for each head it is tried on, with a fresh tree over that head's pages. It changes nothing by itself: pages it makes are sent, and objects it retires are deleted, only with its commit. */
@FunctionalInterface
public interface ManifestChange {

    /** The same object if there is nothing to do. Throws or fails with {@link IllegalArgumentException} to refuse, with {@link io.firn.cold.ColdStoreException} where a page cannot be read. */
    CompletableFuture<ManifestContent> apply(ManifestContent content, PageTree tree);
}
