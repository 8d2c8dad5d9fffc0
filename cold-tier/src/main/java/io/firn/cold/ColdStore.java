package io.firn.cold;

import io.firn.cold.bucket.BucketTopics;
import io.firn.cold.bucket.NewestManifest;
import io.firn.cold.manifest.LogDeletion;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.PageShape;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.read.ColdReads;
import io.firn.cold.read.OpenTransactions;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import io.firn.cold.topic.TopicObjects;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cold tier of one broker: object store, pools, chunk cache, and the logs of its partitions.
 *
 * <p>In the background it deletes objects whose grace period is over: log by log, one request at a time.
 *
 * <p>Thread-safe. Futures complete on cold-tier threads and fail with {@link ColdStoreException}, perhaps wrapped in a {@code CompletionException} by dependent stages.
 */
public final class ColdStore implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ColdStore.class);
    private static final long LEAST_SWEEP_INTERVAL_MS = 1_000;
    private static final long MOST_SWEEP_INTERVAL_MS = 60_000;

    private final ColdStoreConfig config;
    private final LookFirstObjectStore objects;
    private final InstantSource clock;
    private final ColdThreads threads;
    private final RandomGenerator random;
    private final ColdMeters meters;
    private final PageShape shape;
    private final BucketLayout layout;
    private final ColdReads reads;
    private final SegmentUploads uploads;
    private final Map<TopicIdPartition, ColdLog> logs = new ConcurrentHashMap<>();
    /** Changes under way of each partition, of whichever opening of its log. */
    private final Map<TopicIdPartition, Integer> changes = new ConcurrentHashMap<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    /** The check under way or the one that succeeded; null before the first and after one that failed. */
    private final AtomicReference<CompletableFuture<Void>> checked = new AtomicReference<>();

    /** Whether a create of a key that is taken loses, as the check has found. */
    private volatile boolean createsOnce;

    private ColdStore(ColdStoreConfig config, ObjectStore objects, InstantSource clock, ColdThreads threads, RandomGenerator random, ColdMeters meters, PageShape shape) {
        this.shape = shape;
        this.config = config;
        this.objects = new LookFirstObjectStore(objects);
        this.clock = clock;
        this.threads = threads;
        this.random = random;
        this.meters = meters;
        this.layout = new BucketLayout(config.prefix());
        this.reads = new ColdReads(config, this.objects, clock, threads, meters);
        this.uploads = new SegmentUploads(this.objects, config, clock, threads.uploads(), meters);
    }

    /** Makes the pools and the cache; touches the network only with {@link #check()}. Owns {@code objects}. */
    public static ColdStore open(ColdStoreConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters) {
        return open(config, objects, clock, meters, ColdThreads.start(config.uploadParallelism()), new SecureRandom());
    }

    /**
     * As above, with threads and chance given: for simulations.
     *
     * @param random draws nonces; two stores over one bucket must not draw the same. Thread-safe if the threads are real
     */
    public static ColdStore open(ColdStoreConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters, ColdThreads threads,
            RandomGenerator random) {
        return open(config, objects, clock, meters, threads, random, PageShape.DEFAULT);
    }

    /** As above, with manifests that spill into pages as {@code shape} says: for tests with few segments. */
    public static ColdStore open(ColdStoreConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters, ColdThreads threads, RandomGenerator random, PageShape shape) {
        ColdStore store = new ColdStore(config, objects, clock, threads, random, new ColdMeters(meters), shape);
        store.scheduleSweep();
        return store;
    }

    /**
     * Verifies the bucket: reachable, writable, ours (or unclaimed: then claims it), conditional writes honoured. Fails with {@link ColdStoreException.Misconfigured},
     * {@link ColdStoreException.Unavailable} or {@link ColdStoreException.Uncertain}.
     *
     * <p>Nothing of any partition is read, written or deleted before it has succeeded once: {@link #openLog} and {@link #deleteLog} run it until then. It costs requests until it has
     * succeeded, none later; callers at the same time share one.
     */
    public CompletableFuture<Void> check() {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> present = checked.compareAndExchange(null, mine);
        if (present != null) {
            return present.copy();
        }
        onWork(new BucketCheck(objects, layout, config, random.nextLong()).run()).whenComplete((conditional, failure) -> {
            if (failure == null) {
                createsOnce = conditional && !config.acceptNoConditionalWrites(); // where it is accepted, another broker may have found otherwise and write plainly
                mine.complete(null);
            } else {
                checked.set(null); // whoever comes next tries again
                mine.completeExceptionally(failure);
            }
        });
        return mine.copy();
    }

    /**
     * Reads the newest manifest of a partition and, as its writer of {@code leaderEpoch}, fences older ones at the first commit. An idle partition costs no later request. If a
     * newer epoch has written already, the log can be read, but its changes are {@link ColdStoreException.Fenced}. A deleted partition is {@link ColdStoreException.Fenced} at once.
     */
    public CompletableFuture<ColdLog> openLog(TopicIdPartition partition, int leaderEpoch) {
        return onWork(opened(partition, leaderEpoch).thenApply(opened -> {
            logs.put(partition, opened);
            return opened;
        }));
    }

    /** As {@link #openLog}, beside the log of the partition that may be open: for a look or a claim. It is not swept, takes no other's place in that, and need not be closed. */
    public CompletableFuture<ColdLog> openAside(TopicIdPartition partition, int leaderEpoch) {
        return onWork(opened(partition, leaderEpoch));
    }

    private CompletableFuture<ColdLog> opened(TopicIdPartition partition, int leaderEpoch) {
        PartitionKeys keys = layout.partition(partition);
        return check().thenCompose(ours -> ManifestChain.open(objects, keys, partition, leaderEpoch, random.nextLong(), clock, shape, reads.pages(partition, keys), meters::possibleOrphan, createsOnce))
                .thenApply(chain -> new ColdLog(this, partition, keys, leaderEpoch, chain));
    }

    /** Deletes everything of a partition (topic deletion): first what says that it counts, then its objects; with the last of a topic's partitions what describes the topic too. Repeat it until it succeeds; absence is success. */
    public CompletableFuture<Void> deleteLog(TopicIdPartition partition, int leaderEpoch) {
        logs.remove(partition);
        return onWork(check().thenCompose(ours -> LogDeletion.run(objects, layout.partition(partition), leaderEpoch, random.nextLong()))
                .thenCompose(nothing -> topicObjects(partition.topic(), partition.topicId()).deleteLast()));
    }

    TopicObjects topicObjects(String topic, Uuid id) {
        return new TopicObjects(objects, layout, topic, id);
    }

    /**
     * Makes the bucket say what a topic is, so that it can be brought back from it; false if it says so already, or something that this cluster has known later. To be repeated until it succeeds, from any broker and
     * any number of times: deposed leaders do no harm. It goes with the last of its partitions when the topic is deleted ({@link #deleteLog}).
     */
    public CompletableFuture<Boolean> describeTopic(Uuid id, String name, int partitions, Map<String, String> configs, long metadataVersion) {
        ColdTopicDescription description = new ColdTopicDescription(id, name, partitions, configs, config.clusterId(), metadataVersion);
        return onWork(check().thenCompose(ours -> topicObjects(name, id).write(description, random.nextLong(), clock.millis())));
    }

    /** What the bucket knows of the topic of this name: three requests a partition. Fails as {@link ColdLogReader#topic} does, and with {@link ColdStoreException.Missing} if the topic was deleted and only something of it is left. */
    public CompletableFuture<ColdTopicHistory> history(String topic) {
        BucketTopics topics = new BucketTopics(objects, layout);
        return onWork(check().thenCompose(ours -> topics.named(topic))
                .thenCompose(found -> described(found).thenCompose(description -> partitions(topics, found, 0, new ArrayList<>())
                        .thenApply(partitions -> new ColdTopicHistory(found, description, partitions)))));
    }

    /** A damaged description is no reason to leave the records. */
    private CompletableFuture<Optional<ColdTopicDescription>> described(ColdTopic topic) {
        return topicObjects(topic.name(), topic.id()).read().exceptionallyCompose(failure -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            if (!(cause instanceof ColdStoreException.Corrupt)) {
                return CompletableFuture.failedFuture(cause);
            }
            log.atWarn().addKeyValue("topic", topic.name()).addKeyValue("error", cause.toString()).log("What describes a topic is damaged; its configs are not known");
            return CompletableFuture.completedFuture(Optional.empty());
        });
    }

    private CompletableFuture<List<ColdTopicHistory.Partition>> partitions(BucketTopics topics, ColdTopic topic, int at, List<ColdTopicHistory.Partition> known) {
        if (at == topic.partitions().size()) {
            return CompletableFuture.completedFuture(known);
        }
        TopicIdPartition partition = topic.partition(topic.partitions().get(at));
        return topics.undeleted(partition).thenCompose(found -> found.map(this::told)
                .orElseGet(() -> CompletableFuture.failedFuture(new ColdStoreException.Missing("Topic " + topic.name() + " of the id " + topic.id() + " was deleted: what is in the bucket is left from that"))))
                .thenCompose(told -> {
                    told.ifPresent(known::add);
                    return partitions(topics, topic, at + 1, known);
                });
    }

    /** Empty if nothing was ever committed. */
    private CompletableFuture<Optional<ColdTopicHistory.Partition>> told(NewestManifest newest) {
        if (newest.manifest().number() == 0) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        CompletableFuture<OptionalLong> open = newest.newest().map(last -> reads.indexes(newest.partition(), last).thenApply(indexes -> OpenTransactions.earliest(indexes.producerSnapshot())))
                .orElseGet(() -> CompletableFuture.completedFuture(OptionalLong.empty()));
        return open.thenApply(first -> Optional.of(new ColdTopicHistory.Partition(newest.partition().partition(), newest.startOffset(), newest.endOffset(), newest.maxTimestampMs(),
                newest.manifest().writerEpoch(), first)));
    }

    /** Deletes what describes a topic, unless partitions are left, the last of which takes it along; absence is success. For whoever described it while it was deleted. */
    public CompletableFuture<Void> forgetTopic(Uuid id, String name) {
        return onWork(check().thenCompose(ours -> topicObjects(name, id).deleteLast()));
    }

    /** Fails reads in progress, ends the threads and closes the object store; changes in flight are abandoned (as by a crash). Idempotent; may block for some seconds. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            logs.clear();
            reads.close();
            threads.stop().run();
            objects.close();
        }
    }

    private void scheduleSweep() {
        long intervalMs = Math.max(LEAST_SWEEP_INTERVAL_MS, Math.min(MOST_SWEEP_INTERVAL_MS, config.deleteGraceMs() / 2));
        threads.reads().executeAfter(intervalMs, () -> onWork(CompletableFuture.completedFuture(null)).thenCompose(due -> sweep()).whenComplete((deleted, failure) -> {
            if (!closed.get()) {
                scheduleSweep();
            }
        }));
    }

    /** Deletes what is due in all open logs, one log after the other; how many objects. A bucket that is away ends the round; what one log cannot delete does not hold up the others. */
    CompletableFuture<Integer> sweep() {
        return sweep(List.copyOf(logs.values()).iterator(), 0).exceptionally(failure -> {
            log.atWarn().addKeyValue("error", failure.toString()).log("Dropped segments could not be deleted from the object store; the next round tries again");
            return 0;
        });
    }

    private CompletableFuture<Integer> sweep(Iterator<ColdLog> left, int deleted) {
        while (left.hasNext()) {
            ColdLog next = left.next();
            CompletableFuture<Integer> one = next.sweep();
            if (!one.isDone() || one.isCompletedExceptionally() || one.join() > 0) {
                return one.exceptionallyCompose(failure -> passedOver(next, ColdStoreException.unwrap(failure))).thenCompose(count -> sweep(left, deleted + count));
            }
        }
        return CompletableFuture.completedFuture(deleted);
    }

    private static CompletableFuture<Integer> passedOver(ColdLog one, Throwable failure) {
        if (failure instanceof ColdStoreException.Unavailable || failure instanceof ColdStoreException.Uncertain) {
            return CompletableFuture.failedFuture(failure);
        }
        log.atWarn().addKeyValue("partition", one.partition()).addKeyValue("error", failure.toString()).log("Dropped segments of a partition could not be deleted; tried again next round");
        return CompletableFuture.completedFuture(0);
    }

    // For the logs

    CompletableFuture<SegmentEntry> upload(TopicIdPartition partition, PartitionKeys keys, int leaderEpoch, SegmentSource source) {
        SegmentName name = new SegmentName(source.baseOffset(), leaderEpoch, random.nextLong());
        return uploads.upload(partition, keys, name, source);
    }

    void changeBegins(TopicIdPartition partition) {
        changes.merge(partition, 1, Integer::sum);
    }

    void changeEnded(TopicIdPartition partition) {
        changes.computeIfPresent(partition, (same, count) -> count > 1 ? count - 1 : null);
    }

    /** Whether a number that is taken stays what it is: what a proof of orphans rests on. */
    boolean createsOnce() {
        return createsOnce;
    }

    int changesUnderWay(TopicIdPartition partition) {
        return changes.getOrDefault(partition, 0);
    }

    void forget(ColdLog closing) {
        logs.remove(closing.partition(), closing);
    }

    <T> CompletableFuture<T> onWork(CompletableFuture<T> outcome) {
        return threads.onWork(outcome);
    }

    long nowMs() {
        return clock.millis();
    }

    ColdStoreConfig config() {
        return config;
    }

    ObjectStore objects() {
        return objects;
    }

    BucketLayout layout() {
        return layout;
    }

    ColdMeters meters() {
        return meters;
    }

    /** Where futures complete whose caller named no executor. */
    Executor work() {
        return threads.work();
    }

    ColdReads reads() {
        return reads;
    }
}
