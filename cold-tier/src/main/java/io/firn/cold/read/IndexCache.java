package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdThreads;
import io.firn.cold.cache.FetchQueue;
import io.firn.cold.cache.RangedGets;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The indexes of segments, each fetched by one request for the whole tail of its object, however many want it; bounded by bytes, least
 * recently used out first. The bound is for what is kept: what is in use or on its way comes on top, one tail a request in flight.
 *
 * <p>Threading: confined to the reads thread; parsing runs on {@code work}.
 */
final class IndexCache {

    private final RangedGets gets;
    private final ColdThreads threads;
    private final FetchQueue fetches;
    private final long limitBytes;
    private final Map<String, SegmentIndexes> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, CompletableFuture<SegmentIndexes>> onTheirWay = new HashMap<>();
    /** Written by the reads thread, read by metrics. */
    private volatile long keptBytes;

    IndexCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, long limitBytes) {
        this.gets = gets;
        this.threads = threads;
        this.fetches = fetches;
        this.limitBytes = limitBytes;
    }

    Optional<SegmentIndexes> ifPresent(LiveSegment segment) {
        return Optional.ofNullable(kept.get(segment.key()));
    }

    /** Completes on the reads thread; fails with {@link ColdStoreException}. */
    CompletableFuture<SegmentIndexes> get(TopicIdPartition partition, LiveSegment segment, Object reader) {
        SegmentIndexes present = kept.get(segment.key());
        if (present != null) {
            return CompletableFuture.completedFuture(present);
        }
        CompletableFuture<SegmentIndexes> joined = onTheirWay.get(segment.key());
        return joined != null ? joined : fetch(partition, segment, reader);
    }

    private CompletableFuture<SegmentIndexes> fetch(TopicIdPartition partition, LiveSegment segment, Object reader) {
        CompletableFuture<SegmentIndexes> result = new CompletableFuture<>();
        if (segment.tailBytes() > LiveSegment.TAIL_LIMIT_BYTES) {
            result.completeExceptionally(segment.tailTooLarge());
            return result;
        }
        onTheirWay.put(segment.key(), result);
        fetches.demand(reader, () -> begin(partition, segment, result, true));
        return result;
    }

    private void begin(TopicIdPartition partition, LiveSegment segment, CompletableFuture<SegmentIndexes> result, boolean mayRepeat) {
        ByteBuffer tail = ByteBuffer.allocate((int) segment.tailBytes());
        gets.get(segment.key(), segment.facts().logSizeBytes(), tail)
                .thenApplyAsync(nothing -> segment.parse(partition, tail), threads.work())
                .whenCompleteAsync((indexes, failure) -> {
                    fetches.finished();
                    arrived(partition, segment, result, indexes, failure, mayRepeat);
                }, threads.reads());
    }

    private void arrived(TopicIdPartition partition, LiveSegment segment, CompletableFuture<SegmentIndexes> result, SegmentIndexes indexes,
            Throwable failure, boolean mayRepeat) {
        Throwable cause = ColdStoreException.unwrap(failure);
        if (cause instanceof ColdStoreException.Corrupt && mayRepeat) {
            fetches.demand(result, () -> begin(partition, segment, result, false)); // damaged on the way, perhaps: once more
            return;
        }
        onTheirWay.remove(segment.key());
        if (cause != null) {
            result.completeExceptionally(cause);
            return;
        }
        keep(segment.key(), indexes);
        result.complete(indexes);
    }

    private void keep(String key, SegmentIndexes indexes) {
        kept.put(key, indexes);
        keptBytes = keptBytes + indexes.weightBytes();
        for (Iterator<SegmentIndexes> eldest = kept.values().iterator(); keptBytes > limitBytes && eldest.hasNext(); ) {
            keptBytes = keptBytes - eldest.next().weightBytes();
            eldest.remove();
        }
    }

    long keptBytes() {
        return keptBytes;
    }
}
