package io.firn.retention;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** The numbers of scrub and sweep, over all partitions that this broker leads. Thread-safe. */
final class ScrubMeters {

    /** Where the bytes of a repair are from. */
    enum Source {
        LOCAL,
        REPLICA
    }

    /** What is known of one partition. */
    record Found(long orphans, long orphanBytes, long missing, long damaged) {
        static final Found NOTHING = new Found(0, 0, 0, 0);
    }

    private final AtomicLong orphans;
    private final AtomicLong orphanBytes;
    private final AtomicLong missing;
    private final AtomicLong damaged;
    private final AtomicLong strangeTopics;
    private final AtomicLong stuckTopics;
    private final Counter sweeps;
    private final Counter failures;
    private final Counter rounds;
    private final Counter readBytes;
    private final Counter readSegments;
    private final Map<Source, Counter> repaired = new EnumMap<>(Source.class);
    private final Counter fetchedBytes;
    private final Counter deadTopics;

    ScrubMeters(MeterRegistry registry) {
        orphans = RetentionMeters.gauge(registry, "firn.cold.orphan.objects", "Objects older than the grace period that no manifest names, and that are still there");
        orphanBytes = RetentionMeters.gauge(registry, "firn.cold.orphan.bytes", "Bytes of these; should be 0");
        missing = RetentionMeters.gauge(registry, "firn.cold.missing.objects", "Segment objects and manifest pages that count and are not there; should be 0");
        damaged = RetentionMeters.gauge(registry, "firn.cold.damaged.objects", "Segment objects and manifest pages that count and are not what was written; should be 0");
        strangeTopics = RetentionMeters.gauge(registry, "firn.cold.strange.topics", "Topics in the bucket that this cluster does not know, and of which nothing says that it has deleted them");
        stuckTopics = RetentionMeters.gauge(registry, "firn.cold.stuck.topics", "Deleted topics of which something is left in the bucket that cannot be deleted; should be 0");
        sweeps = RetentionMeters.counter(registry, "firn.cold.sweeps", "Comparisons of a partition's objects with its manifest");
        failures = RetentionMeters.counter(registry, "firn.cold.scrub.failures", "Sweeps and scrubs that were cut short and are tried again");
        rounds = RetentionMeters.counter(registry, "firn.cold.scrub.rounds", "Times that a partition was read through");
        readBytes = RetentionMeters.counter(registry, "firn.cold.scrub.bytes", "Log bytes read to be checked");
        readSegments = RetentionMeters.counter(registry, "firn.cold.scrub.segments", "Segment objects read to their end and found sound");
        for (Source source : Source.values()) {
            repaired.put(source, Counter.builder("firn.cold.repaired.segments").tag("source", source.name().toLowerCase(Locale.ROOT)).description("Missing and damaged segment objects replaced from the local disk or another replica").register(registry));
        }
        fetchedBytes = RetentionMeters.counter(registry, "firn.cold.repair.fetched.bytes", "Log bytes that other replicas have sent to mend objects, those that were refused too");
        deadTopics = RetentionMeters.counter(registry, "firn.cold.dead.topics", "Topics whose deletion from the bucket was finished for a broker that died in it");
    }

    /** What is known of a partition has changed. */
    void moved(Found from, Found to) {
        orphans.addAndGet(to.orphans() - from.orphans());
        orphanBytes.addAndGet(to.orphanBytes() - from.orphanBytes());
        missing.addAndGet(to.missing() - from.missing());
        damaged.addAndGet(to.damaged() - from.damaged());
    }

    void swept() {
        sweeps.increment();
    }

    void failed() {
        failures.increment();
    }

    void roundEnded() {
        rounds.increment();
    }

    void read(long bytes) {
        readBytes.increment(bytes);
    }

    void sound() {
        readSegments.increment();
    }

    void repaired(Source source) {
        repaired.get(source).increment();
    }

    void fetched(long bytes) {
        fetchedBytes.increment(bytes);
    }

    void topics(int deleted, int strange, int stuck) {
        deadTopics.increment(deleted);
        strangeTopics.set(strange);
        stuckTopics.set(stuck);
    }
}
