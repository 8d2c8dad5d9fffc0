package io.firn.cold;

import io.firn.cold.bucket.BucketTopics;
import io.firn.cold.bucket.NewestManifest;
import io.firn.cold.read.ColdReads;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.read.OpenTransactions;
import io.firn.cold.read.RecordSearch;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.topic.TopicObjects;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Reads topics straight from a bucket, with no broker running, or beside brokers that write, compact and expire.
 *
 * <pre>{@code
 * try (ColdLogReader reader = ColdLogReader.open(ColdReaderConfig.of("prod"), ObjectStores.openToRead(bucket, meters), InstantSource.system(), meters)) {
 *     ColdTopic rivers = reader.topic("rivers").join();
 *     ColdStream stream = reader.stream(rivers.partition(0), new ColdPosition.Earliest(), new ColdPosition.End(), true).join();
 *     for (Optional<ColdPiece> piece = stream.next().join(); piece.isPresent(); piece = stream.next().join()) {
 *         if (piece.get() instanceof ColdPiece.Batches batches) {
 *             try (batches) {
 *                 batches.records(record -> ...);
 *             }
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>It needs no permission but to get and to list. The bucket's claim is read, not made, before anything else is.
 *
 * <p>Reads go the brokers' way: chunks by ranged GETs side by side, read-ahead for each stream, every chunk checked, memory bounded by {@link ColdReaderConfig#cacheBytes}, and {@link
 * ColdStoreConfig#PAGE_CACHE_BYTES} for manifest pages, whatever the number of streams and the length of the history.
 *
 * <p>Thread-safe. Futures complete on the reader's threads and fail with {@link ColdStoreException}, perhaps wrapped in a {@code CompletionException} by dependent stages.
 */
public final class ColdLogReader implements AutoCloseable {

    /** How often a position is looked for anew because segments were replaced meanwhile. */
    private static final int RELOAD_LIMIT = 16;

    private final ColdReaderConfig config;
    private final ObjectStore objects;
    private final ColdThreads threads;
    private final BucketLayout layout;
    private final ColdReads reads;
    private final AtomicBoolean closed = new AtomicBoolean();

    private ColdLogReader(ColdReaderConfig config, ObjectStore objects, InstantSource clock, ColdMeters meters, ColdThreads threads) {
        this.config = config;
        this.objects = objects;
        this.threads = threads;
        this.layout = new BucketLayout(config.prefix());
        this.reads = new ColdReads(config.store(), objects, clock, threads, meters);
    }

    /** Makes threads and cache; touches nothing of the store yet. Owns {@code objects}. */
    public static ColdLogReader open(ColdReaderConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters) {
        return open(config, objects, clock, meters, ColdThreads.start(1));
    }

    /** As above, with the threads given: for simulations. */
    public static ColdLogReader open(ColdReaderConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters, ColdThreads threads) {
        return new ColdLogReader(config, objects, clock, new ColdMeters(meters), threads);
    }

    /** The id of the cluster that the bucket belongs to. {@link ColdStoreException.Misconfigured} if it is no Firn cluster's, or another's than the configured one. */
    public CompletableFuture<String> cluster() {
        return onWork(claim().thenApply(BucketClaim::clusterId));
    }

    private CompletableFuture<BucketClaim> claim() {
        return BucketClaim.require(objects, layout, config.clusterId());
    }

    /** All topics of which there are objects, by name; a request for each of their partitions. Of a topic that is being deleted some may be left. */
    public CompletableFuture<List<ColdTopic>> topics() {
        return onWork(claim().thenCompose(ours -> new BucketTopics(objects, layout).listed(Optional.empty())));
    }

    /**
     * The topic of this name. {@link ColdStoreException.Missing} if there is none. A name that was given away again may have several: those that are deleted are passed over; if more than one is left, it fails with
     * {@link ColdStoreException.Misconfigured}, which names their ids, and {@link #topics} tells them apart.
     */
    public CompletableFuture<ColdTopic> topic(String name) {
        return onWork(claim().thenCompose(ours -> new BucketTopics(objects, layout).named(name)));
    }

    /** What the cluster's metadata said of a topic: partitions and configs. Empty if nobody wrote it down, as releases before 2026-11 did not. */
    public CompletableFuture<Optional<ColdTopicDescription>> description(ColdTopic topic) {
        return onWork(claim().thenCompose(ours -> new TopicObjects(objects, layout, topic.name(), topic.id()).read()));
    }

    /**
     * Opens a stream over {@code [from, to)}. Where it ends is settled now. Of a partition without history it is empty; of one that was deleted it fails with {@link ColdStoreException.Missing}.
     *
     * @param committed leave out the records of aborted transactions, and end before the first record whose transaction has no end in the cold tier
     */
    public CompletableFuture<ColdStream> stream(TopicIdPartition partition, ColdPosition from, ColdPosition to, boolean committed) {
        return onWork(claim().thenCompose(ours -> manifest(partition)).thenCompose(newest -> positioned(newest, from, to, committed, RELOAD_LIMIT)));
    }

    private CompletableFuture<ColdStream> positioned(NewestManifest newest, ColdPosition from, ColdPosition to, boolean committed, int reloadsLeft) {
        return end(newest, committed).thenCompose(end -> offset(newest, from, end).thenCombine(offset(newest, to, end), (start, limit) -> new ColdStream(this, newest, committed, start, Math.min(limit, end))))
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing && reloadsLeft > 0
                        ? manifest(newest.partition()).thenCompose(newer -> newer.manifest().number() > newest.manifest().number() ? positioned(newer, from, to, committed, reloadsLeft - 1)
                                : CompletableFuture.failedFuture(failure))
                        : CompletableFuture.failedFuture(failure));
    }

    private CompletableFuture<Long> offset(NewestManifest newest, ColdPosition position, long end) {
        if (position instanceof ColdPosition.Time time) {
            return new RecordSearch(reads, newest.live(reads)).byTimestamp(time.timestampMs(), newest.startOffset()).thenApply(found -> found.map(ColdTimestamp::offset).orElse(end));
        }
        return CompletableFuture.completedFuture(position instanceof ColdPosition.Offset given ? given.offset() : position instanceof ColdPosition.Earliest ? newest.startOffset() : end);
    }

    /** Where readers have to stop. Below it every transaction has its marker in the cold tier, so that a segment tells whether it was aborted. */
    private CompletableFuture<Long> end(NewestManifest newest, boolean committed) {
        Optional<LiveSegment> last = newest.newest();
        if (!committed || last.isEmpty()) {
            return CompletableFuture.completedFuture(newest.endOffset());
        }
        return reads.indexes(newest.partition(), last.get())
                .thenApply(indexes -> Math.min(newest.endOffset(), OpenTransactions.earliest(indexes.producerSnapshot()).orElse(Long.MAX_VALUE)));
    }

    /** Fails reads in progress, ends the threads and closes the object store. Idempotent; may block for some seconds. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            reads.close();
            threads.stop().run();
            objects.close();
        }
    }

    // For the streams

    CompletableFuture<NewestManifest> manifest(TopicIdPartition partition) {
        return NewestManifest.read(objects, layout, partition);
    }

    ColdReads reads() {
        return reads;
    }

    Executor work() {
        return threads.work();
    }

    <T> CompletableFuture<T> onWork(CompletableFuture<T> outcome) {
        return threads.onWork(outcome);
    }
}
