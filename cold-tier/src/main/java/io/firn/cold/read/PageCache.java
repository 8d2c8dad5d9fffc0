package io.firn.cold.read;

import io.firn.cold.ColdMeters;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.manifest.Page;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageSource;
import io.firn.cold.segment.PartitionKeys;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Manifest pages of all partitions, each fetched by one request ({@link DecodedCache}).
 *
 * <p>Threading: confined to the reads thread.
 */
final class PageCache {

    private final DecodedCache<Page> cache;

    PageCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, ColdMeters meters, long limitBytes) {
        this.cache = new DecodedCache<>(gets, threads, fetches, limitBytes, Page::sizeBytes, meters::pageRead);
    }

    /** The pages of one partition. */
    PageSource here(PartitionKeys keys, TopicIdPartition partition) {
        return reference -> get(keys, partition, reference);
    }

    /** Completes on the reads thread: at once if the page is kept. */
    CompletableFuture<Page> get(PartitionKeys keys, TopicIdPartition partition, PageReference reference) {
        String key = keys.page(reference.baseOffset(), reference.level(), reference.nonce());
        return cache.get(new DecodedCache.Source<>(key, 0, reference.sizeBytes(), bytes -> PageSource.decoded(partition, reference, bytes.clear())), Optional.empty());
    }

    long keptBytes() {
        return cache.keptBytes();
    }
}
