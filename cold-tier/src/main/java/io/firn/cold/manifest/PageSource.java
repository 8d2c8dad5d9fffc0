package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/** Where the pages of a partition come from: a cache, or the store itself. Thread-safe; does not block. */
@FunctionalInterface
public interface PageSource {

    /** Fails with {@link ColdStoreException}: {@link ColdStoreException.Missing} if the page has been dropped and its grace period is over. */
    CompletableFuture<Page> page(PageReference reference);

    /** Straight from the store, one request a page: for tools, and for whoever looks at a log only once. */
    static PageSource direct(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition) {
        return reference -> objects.getSmall(keys.page(reference.baseOffset(), reference.level(), reference.nonce())).thenApply(bytes -> decoded(partition, reference, bytes));
    }

    /** Checks and opens the bytes of a page; fails as {@link #page} does. */
    static Page decoded(TopicIdPartition partition, PageReference reference, ByteBuffer bytes) {
        return PageCodec.decode(partition, reference, bytes);
    }
}
