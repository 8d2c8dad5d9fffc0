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
        return segment.tailBytes() > LiveSegment.TAIL_LIMIT_BYTES ? CompletableFuture.failedFuture(segment.tailTooLarge()) : cache.get(source(partition, segment), Optional.of(reader));
    }

    /** {@link #get} before anybody waits for it; given up with the sequence, unless it is on its way then. */
    CompletableFuture<SegmentIndexes> ahead(TopicIdPartition partition, LiveSegment segment, ReadSequence sequence) {
        return segment.tailBytes() > LiveSegment.TAIL_LIMIT_BYTES ? CompletableFuture.failedFuture(segment.tailTooLarge()) : cache.ahead(source(partition, segment), sequence, () -> !sequence.abandoned());
    }

    private static DecodedCache.Source<SegmentIndexes> source(TopicIdPartition partition, LiveSegment segment) {
        return new DecodedCache.Source<>(segment.key(), segment.facts().logSizeBytes(), (int) segment.tailBytes(), tail -> segment.parse(partition, tail));
    }

    long keptBytes() {
        return cache.keptBytes();
    }
}
