package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.segment.SegmentIndexes;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The indexes of segments, each fetched by one request for the whole tail of its object ({@link DecodedCache}).
 *
 * <p>Threading: confined to the reads thread.
 */
final class IndexCache {

    private final DecodedCache<SegmentIndexes> cache;

    IndexCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, long limitBytes) {
        this.cache = new DecodedCache<>(gets, threads, fetches, limitBytes, SegmentIndexes::weightBytes, () -> {});
    }

    Optional<SegmentIndexes> ifPresent(LiveSegment segment) {
        return cache.ifPresent(segment.key());
    }

    /** Completes on the reads thread; fails with {@link ColdStoreException}. */
    CompletableFuture<SegmentIndexes> get(TopicIdPartition partition, LiveSegment segment, Object reader) {
        if (segment.tailBytes() > LiveSegment.TAIL_LIMIT_BYTES) {
            return CompletableFuture.failedFuture(segment.tailTooLarge());
        }
        return cache.get(new DecodedCache.Source<>(segment.key(), segment.facts().logSizeBytes(), (int) segment.tailBytes(), tail -> segment.parse(partition, tail)), Optional.of(reader));
    }

    long keptBytes() {
        return cache.keptBytes();
    }
}
