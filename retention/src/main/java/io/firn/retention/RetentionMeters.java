package io.firn.retention;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** The numbers of the background work, over all partitions of the broker. Thread-safe. */
final class RetentionMeters {

    /** Why dealing with the cold tier failed: the bounded values of the tag {@code reason}. */
    enum Failure {
        UNAVAILABLE,
        MISCONFIGURED,
        FENCED,
        COLD_CORRUPT,
        LOCAL_READ,
        HOLE,
        COMPACTION,
        UNEXPECTED
    }

    /** What one partition contributes to the gauges. */
    record Standing(long lagBytes, long lagSegments, boolean waiting, boolean stopped) {
        static final Standing NONE = new Standing(0, 0, false, false);

        boolean catchingUp() {
            return lagSegments > 1;
        }
    }

    private final Counter offloadedSegments;
    private final Counter offloadedBytes;
    private final Counter localDeletedBytes;
    private final Counter earlyDeletedBytes;
    private final Counter logStartAdvances;
    private final Counter coldDroppedSegments;
    private final Counter coldCompactions;
    private final Counter coldCompactionsInterrupted;
    private final Counter coldCompactionReadBytes;
    private final Counter coldCompactionSavedBytes;
    private final Counter coldMerges;
    private final Counter coldMergedSegments;
    private final Map<Failure, Counter> failures = new EnumMap<>(Failure.class);
    private final AtomicLong lagBytes;
    private final AtomicLong lagSegments;
    private final AtomicLong catchingUp;
    private final AtomicLong waiting;
    private final AtomicLong stopped;
    private final AtomicLong coldDeletions;
    private final AtomicLong rejectsProduce;

    RetentionMeters(MeterRegistry registry) {
        offloadedSegments = counter(registry, "firn.offload.segments", "Segments committed to the cold tier");
        offloadedBytes = counter(registry, "firn.offload.bytes", "Log bytes committed to the cold tier");
        localDeletedBytes = counter(registry, "firn.local.deleted.bytes", "Bytes deleted from the local disk by local retention");
        earlyDeletedBytes = counter(registry, "firn.local.deleted.early.bytes", "Bytes of these that went early because the disk was filling");
        logStartAdvances = counter(registry, "firn.log.start.advances", "Times total retention raised a log start");
        coldDroppedSegments = counter(registry, "firn.cold.dropped.segments", "Segments dropped from the cold tier below a log start");
        coldCompactions = counter(registry, "firn.cold.compaction.passes", "Passes of compaction over the cold tier of a partition");
        coldCompactionsInterrupted = counter(registry, "firn.cold.compaction.interrupted", "Passes and merges that bucket, scratch disk or memory ended early");
        coldCompactionReadBytes = counter(registry, "firn.cold.compaction.read.bytes", "Log bytes that these passes went over");
        coldCompactionSavedBytes = counter(registry, "firn.cold.compaction.saved.bytes", "Log bytes that the cold tier holds less for it");
        coldMerges = counter(registry, "firn.cold.merges", "Segments of the cold tier made of a run of small ones");
        coldMergedSegments = counter(registry, "firn.cold.merged.segments", "Small segments that they stand for");
        for (Failure failure : Failure.values()) {
            failures.put(failure, Counter.builder("firn.offload.failures").description("Failed dealings with the cold tier")
                    .tag("reason", failure.name().toLowerCase(Locale.ROOT)).register(registry));
        }
        lagBytes = gauge(registry, "firn.offload.lag.bytes", "Bytes of sealed committed segments that are not in the cold tier yet");
        lagSegments = gauge(registry, "firn.offload.lag.segments", "Sealed committed segments that are not in the cold tier yet");
        catchingUp = gauge(registry, "firn.offload.catching.up.partitions", "Partitions with more than one segment to offload");
        waiting = gauge(registry, "firn.offload.waiting.partitions", "Partitions that wait to try again after a failure");
        stopped = gauge(registry, "firn.offload.stopped.partitions", "Partitions whose offload stopped until a person acts; should be 0");
        coldDeletions = gauge(registry, "firn.cold.deletions.pending", "Deleted partitions whose objects are still to be deleted");
        rejectsProduce = gauge(registry, "firn.disk.rejects.produce", "1 while the disk is below its watermark and produce is refused");
    }

    static Counter counter(MeterRegistry registry, String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    static AtomicLong gauge(MeterRegistry registry, String name, String description) {
        AtomicLong value = new AtomicLong();
        Gauge.builder(name, value, AtomicLong::doubleValue).description(description).register(registry);
        return value;
    }

    void offloaded(long bytes) {
        offloadedSegments.increment();
        offloadedBytes.increment(bytes);
    }

    void failed(Failure failure) {
        failures.get(failure).increment();
    }

    void localDeleted(long bytes, long earlyBytes) {
        localDeletedBytes.increment(bytes);
        earlyDeletedBytes.increment(earlyBytes);
    }

    void logStartAdvanced() {
        logStartAdvances.increment();
    }

    void coldDropped(long segments) {
        coldDroppedSegments.increment(segments);
    }

    void coldCompacted(ColdCompaction.Outcome outcome) {
        coldCompactions.increment();
        coldCompactionReadBytes.increment(outcome.counts().bytesRead());
        coldCompactionSavedBytes.increment(Math.max(0, outcome.savedBytes()));
    }

    void coldMerged(int segments) {
        coldMerges.increment();
        coldMergedSegments.increment(segments);
    }

    void coldCompactionInterrupted() {
        coldCompactionsInterrupted.increment();
    }

    void coldDeletionsPending(int partitions) {
        coldDeletions.set(partitions);
    }

    void rejectsProduce(boolean rejects) {
        rejectsProduce.set(rejects ? 1 : 0);
    }

    /** A partition's contribution has changed. */
    void moved(Standing from, Standing to) {
        lagBytes.addAndGet(to.lagBytes() - from.lagBytes());
        lagSegments.addAndGet(to.lagSegments() - from.lagSegments());
        move(catchingUp, from.catchingUp(), to.catchingUp());
        move(waiting, from.waiting(), to.waiting());
        move(stopped, from.stopped(), to.stopped());
    }

    private static void move(AtomicLong gauge, boolean from, boolean to) {
        gauge.addAndGet((to ? 1 : 0) - (from ? 1 : 0));
    }
}
