package io.firn.retention;

import io.firn.retention.compaction.PassCounts;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** The numbers of local compaction, over all partitions of the broker. Thread-safe. */
final class CompactionMeters {
    private final Timer passes;
    private final Counter readBytes;
    private final Counter writtenBytes;
    private final Counter droppedRecords;
    private final Counter unreadableBatches;
    private final Counter partialPasses;
    private final Counter failures;
    private final AtomicLong setAside = new AtomicLong();
    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong dirtiestPercent = new AtomicLong();

    CompactionMeters(MeterRegistry registry) {
        passes = Timer.builder("firn.compaction.passes").description("Compactions of local logs and the time they took").register(registry);
        readBytes = RetentionMeters.counter(registry, "firn.compaction.read.bytes", "Log bytes that compaction read, in both phases");
        writtenBytes = RetentionMeters.counter(registry, "firn.compaction.written.bytes", "Log bytes that compaction wrote");
        droppedRecords = RetentionMeters.counter(registry, "firn.compaction.dropped.records", "Records that compaction removed");
        unreadableBatches = RetentionMeters.counter(registry, "firn.compaction.unreadable.batches", "Batches kept as they are because their records cannot be read");
        partialPasses = RetentionMeters.counter(registry, "firn.compaction.partial.passes", "Compactions whose table of keys was too small for all that was dirty");
        failures = RetentionMeters.counter(registry, "firn.compaction.failures", "Compactions that failed");
        gauge(registry, "firn.compaction.set.aside.partitions", "Partitions that are not compacted any more until they are opened again; should be 0", setAside);
        gauge(registry, "firn.compaction.waiting.partitions", "Partitions that are due and wait for their turn", waiting);
        gauge(registry, "firn.compaction.max.dirty.percent", "Dirty part of the dirtiest of these", dirtiestPercent);
    }

    private static void gauge(MeterRegistry registry, String name, String description, AtomicLong value) {
        Gauge.builder(name, value, AtomicLong::doubleValue).description(description).register(registry);
    }

    void compacted(PassCounts counts, boolean partial, long tookMs) {
        passes.record(Duration.ofMillis(tookMs));
        readBytes.increment(counts.bytesRead());
        writtenBytes.increment(counts.bytesWritten());
        droppedRecords.increment(counts.recordsDropped());
        unreadableBatches.increment(counts.unreadableBatches());
        partialPasses.increment(partial ? 1 : 0);
    }

    void failed() {
        failures.increment();
    }

    void setAside(int change) {
        setAside.addAndGet(change);
    }

    void waiting(CompactionTurns turns) {
        waiting.set(turns.waiting());
        dirtiestPercent.set(Math.round(100 * turns.dirtiestRatio()));
    }
}
