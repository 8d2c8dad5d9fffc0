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
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Manifest pages of all partitions, each fetched by one request however many want it; bounded by bytes, least recently used out first. The bound is for what is kept: what is in use or on its way comes on top.
 *
 * <p>Threading: confined to the reads thread, but for {@link #anywhere}, which brings a task there; decoding runs on {@code work}.
 */
final class PageCache {

    private final RangedGets gets;
    private final ColdThreads threads;
    private final FetchQueue fetches;
    private final ColdMeters meters;
    private final long limitBytes;
    private final Map<String, Page> kept = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, CompletableFuture<Page>> onTheirWay = new HashMap<>();
    /** Written by the reads thread, read by metrics. */
    private volatile long keptBytes;

    PageCache(RangedGets gets, ColdThreads threads, FetchQueue fetches, ColdMeters meters, long limitBytes) {
        this.gets = gets;
        this.threads = threads;
        this.fetches = fetches;
        this.meters = meters;
        this.limitBytes = limitBytes;
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
        Page present = kept.get(key);
        if (present != null) {
            return CompletableFuture.completedFuture(present);
        }
        CompletableFuture<Page> joined = onTheirWay.get(key);
        if (joined != null) {
            return joined;
        }
        CompletableFuture<Page> result = new CompletableFuture<>();
        onTheirWay.put(key, result);
        fetches.demand(result, () -> begin(key, partition, reference, result, true));
        return result;
    }

    private void begin(String key, TopicIdPartition partition, PageReference reference, CompletableFuture<Page> result, boolean mayRepeat) {
        ByteBuffer bytes = ByteBuffer.allocate(reference.sizeBytes());
        meters.pageRead();
        gets.get(key, 0, bytes).thenApplyAsync(nothing -> PageSource.decoded(partition, reference, bytes.clear()), threads.work())
                .whenCompleteAsync((page, failure) -> {
                    fetches.finished();
                    arrived(key, partition, reference, result, page, failure, mayRepeat);
                }, threads.reads());
    }

    private void arrived(String key, TopicIdPartition partition, PageReference reference, CompletableFuture<Page> result, Page page, Throwable failure, boolean mayRepeat) {
        Throwable cause = ColdStoreException.unwrap(failure);
        if (cause instanceof ColdStoreException.Corrupt && mayRepeat) {
            fetches.demand(result, () -> begin(key, partition, reference, result, false)); // damaged on the way, perhaps: once more
            return;
        }
        onTheirWay.remove(key);
        if (cause != null) {
            result.completeExceptionally(cause);
            return;
        }
        keep(key, page);
        result.complete(page);
    }

    private void keep(String key, Page page) {
        kept.put(key, page);
        keptBytes = keptBytes + page.sizeBytes();
        for (Iterator<Page> eldest = kept.values().iterator(); keptBytes > limitBytes && eldest.hasNext(); ) {
            keptBytes = keptBytes - eldest.next().sizeBytes();
            eldest.remove();
        }
    }

    long keptBytes() {
        return keptBytes;
    }
}
