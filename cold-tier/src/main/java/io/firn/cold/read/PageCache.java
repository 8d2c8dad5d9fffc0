package io.firn.cold.read;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.manifest.Page;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageSource;
import io.firn.cold.segment.PartitionKeys;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Manifest pages of all partitions, each fetched by one request ({@link DecodedCache}).
 *
 * <p>Threading: confined to the reads thread, but for {@link #anywhere}, which brings a task there.
 */
final class PageCache {

    private final DecodedCache<Page> cache;
    private final ColdThreads threads;

    PageCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, ColdMeters meters, long limitBytes) {
        this.cache = new DecodedCache<>(gets, threads, fetches, limitBytes, Page::sizeBytes, meters::pageRead);
        this.threads = threads;
    }

    /** To be asked on the reads thread, where it answers: at once if the page is kept. */
    PageSource here(PartitionKeys keys, TopicIdPartition partition) {
        return reference -> get(keys, partition, reference);
    }

    /** To be asked on any thread; answers on {@code work}. */
    PageSource anywhere(PartitionKeys keys, TopicIdPartition partition) {
        return reference -> {
            CompletableFuture<Page> result = new CompletableFuture<>();
            try {
                threads.reads().execute(() -> get(keys, partition, reference).whenCompleteAsync((page, failure) -> {
                    if (failure != null) {
                        result.completeExceptionally(ColdStoreException.unwrap(failure));
                    } else {
                        result.complete(page);
                    }
                }, ColdReads.orHere(threads.work())));
            } catch (RejectedExecutionException closing) {
                result.completeExceptionally(new ColdStoreException.Unavailable("The cold tier is closed", closing));
            }
            return result;
        };
    }

    private CompletableFuture<Page> get(PartitionKeys keys, TopicIdPartition partition, PageReference reference) {
        String key = keys.page(reference.baseOffset(), reference.level(), reference.nonce());
        return cache.get(new DecodedCache.Source<>(key, 0, reference.sizeBytes(), bytes -> PageSource.decoded(partition, reference, bytes.clear())), Optional.empty());
    }

    long keptBytes() {
        return cache.keptBytes();
    }
}
