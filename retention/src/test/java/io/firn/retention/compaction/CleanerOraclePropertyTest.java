package io.firn.retention.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.ProducerLast;
import io.firn.hot.Seeds;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.LastRecord;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same random history through Kafka's cleaner and through ours, several rounds with more batches and time in between: the same records must survive, the same batches hold them,
 * with the same fields, and the same markers.
 *
 * <p>Ours keeps more in two places, on purpose: the header of each segment's last batch, and a whole marker where Kafka keeps an empty one.
 */
class CleanerOraclePropertyTest {
    private static final int RUNS = 60;
    private static final long DELETE_RETENTION_MS = 1_000;

    @TempDir
    Path directory;
    private int logs;

    @Test
    void theSameRecordsAndMarkersSurviveAsInKafka() {
        Seeds.each(RUNS, this::compare);
    }

    private void compare(Random random) throws Exception {
        RandomLog history = new RandomLog(random, 1 + random.nextInt(12), false);
        try (UnifiedLog kafka = kafkaLog(directory.resolve("t" + logs++ + "-0").toFile())) {
            Cleaner cleaner = new Cleaner(0, new SkimpyOffsetMap(1 << 20), 1 << 16, 1 << 20, 0.9, new Throttler(Double.MAX_VALUE, Long.MAX_VALUE, "cleaner", "bytes", Time.SYSTEM),
                    Time.SYSTEM, partition -> {});
            long firstDirty = 0;
            List<MemorySegment> clean = new ArrayList<>();
            List<AbortedTransaction> aborted = new ArrayList<>();
            for (int round = 0; round < 4; round++) {
                write(history, kafka, random);
                history.nowMs += random.nextInt((int) DELETE_RETENTION_MS * 2);
                kafka.updateHighWatermark(kafka.logEndOffset());
                aborted.addAll(history.aborted);
                history.aborted.clear();
                clean = round(history, clean, aborted, firstDirty, kafka);
                aborted.clear();
                clean.forEach(segment -> aborted.addAll(segment.aborted));
                firstDirty = cleaner.doClean(new LogToClean(kafka, firstDirty, history.nextOffset, false), history.nowMs).getKey();
                assertThat(firstDirty).isEqualTo(history.nextOffset);
                assertSame(kafka, clean, history.nowMs);
            }
        }
    }

    private static void write(RandomLog history, UnifiedLog kafka, Random random) throws Exception {
        int steps = 5 + random.nextInt(40);
        for (int i = 0; i < steps; i++) {
            apply(history.next(), kafka);
        }
        while (history.hasOpenTransaction()) {
            apply(history.endTransaction(), kafka);
        }
        if (kafka.logEndOffset() > kafka.activeSegment().baseOffset()) {
            apply(history.seal(), kafka);
        }
    }

    private static void apply(RandomLog.Step step, UnifiedLog kafka) throws Exception {
        if (step.roll()) {
            kafka.roll();
        } else {
            ByteBuffer copy = ByteBuffer.allocate(step.batch().remaining()).put(step.batch().duplicate()).flip();
            kafka.appendAsFollower(MemoryRecords.readableRecords(copy), 5);
        }
    }

    private static List<MemorySegment> round(RandomLog history, List<MemorySegment> clean, List<AbortedTransaction> aborted, long firstDirty, UnifiedLog kafka) throws Exception {
        List<MemorySegment> dirty = List.copyOf(history.segments);
        history.segments.clear();
        List<ProducerLast> producers = kafka.lastRecordsOfActiveProducers().entrySet().stream()
                .map(e -> new ProducerLast(e.getKey(), e.getValue().producerEpoch(), e.getValue().lastDataOffset().orElse(-1))).toList();
        assertThat(producers).containsExactlyInAnyOrderElementsOf(history.producers());
        PassInput input = new PassInput(history.nowMs, DELETE_RETENTION_MS, true, aborted, producers);
        try (CompactionPass pass = new CompactionPass(input, firstDirty, history.nextOffset, 1 << 20, () -> false)) {
            for (MemorySegment segment : dirty) {
                assertThat(pass.index(segment)).isTrue();
            }
            assertThat(pass.coveredOffset()).isEqualTo(history.nextOffset);
            List<MemorySegment> all = new ArrayList<>(clean);
            all.addAll(dirty);
            List<MemorySegment> rewritten = new ArrayList<>();
            for (MemorySegment segment : all) {
                rewritten.add(MemorySegment.rewrite(pass, List.of(segment)));
            }
            return rewritten;
        }
    }

    private static void assertSame(UnifiedLog kafka, List<MemorySegment> ours, long nowMs) {
        List<String> expected = new ArrayList<>();
        List<String> found = new ArrayList<>();
        List<Long> keptMarkers = new ArrayList<>();
        List<Long> foundMarkers = new ArrayList<>();
        for (LogSegment segment : kafka.logSegments()) {
            segment.log().batches().forEach(batch -> describe(batch, expected, keptMarkers));
        }
        ours.forEach(segment -> segment.batches().forEach(batch -> describe(batch, found, foundMarkers)));
        assertThat(found).isEqualTo(expected);
        assertThat(foundMarkers).containsAll(keptMarkers);
        ours.forEach(segment -> segment.batches().forEach(batch -> assertThat(!batch.isControlBatch() || batch.countOrNull() == 0 || keptMarkers.contains(batch.baseOffset())
                || tellsNewestEpoch(batch, kafka.lastRecordsOfActiveProducers()) || batch.deleteHorizonMs().orElse(0) > nowMs).as("marker %s", batch).isTrue()));
    }

    /** Ours stays whole where Kafka leaves an empty batch, which no longer tells the epoch; later it gets its delete horizon late. */
    private static boolean tellsNewestEpoch(RecordBatch marker, Map<Long, LastRecord> producers) {
        LastRecord last = producers.get(marker.producerId());
        return last != null && last.lastDataOffset().isEmpty() && last.producerEpoch() == marker.producerEpoch();
    }

    /** Everything of a batch that has data, but compressed sizes and checksums. */
    private static void describe(RecordBatch batch, List<String> data, List<Long> markers) {
        batch.ensureValid();
        if (batch.isControlBatch()) {
            if (batch.countOrNull() > 0) {
                markers.add(batch.baseOffset());
            }
            return;
        }
        if (batch.countOrNull() > 0) {
            data.add(batch.baseOffset() + " " + batch.lastOffset() + " " + batch.producerId() + " " + batch.producerEpoch() + " " + batch.baseSequence() + " " + batch.lastSequence() + " "
                    + batch.partitionLeaderEpoch() + " " + batch.compressionType() + " " + batch.timestampType() + " " + batch.maxTimestamp() + " " + batch.isTransactional() + " "
                    + batch.deleteHorizonMs() + " " + batch.countOrNull());
            StreamSupport.stream(batch.spliterator(), false).map(CleanerOraclePropertyTest::describe).forEach(data::add);
        }
    }

    private static String describe(Record record) {
        return record.offset() + " " + record.timestamp() + " " + record.sequence() + " " + text(record.key()) + " " + text(record.value());
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? "null" : java.nio.charset.StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private static UnifiedLog kafkaLog(File directory) throws Exception {
        LogConfig config = new LogConfig(Map.of("cleanup.policy", "compact", "delete.retention.ms", String.valueOf(DELETE_RETENTION_MS), "segment.bytes", String.valueOf(1 << 30)));
        return UnifiedLog.create(directory, config, 0, 0, new IdleScheduler(), new BrokerTopicStats(), Time.SYSTEM, 900_000, new ProducerStateManagerConfig(Integer.MAX_VALUE, false),
                Integer.MAX_VALUE, new LogDirFailureChannel(1), true, Optional.empty());
    }

    /** Kafka deletes files some time later; nobody waits for it here. */
    private static final class IdleScheduler implements Scheduler {
        @Override
        public ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
            return new Never();
        }

        @Override
        public void startup() {}

        @Override
        public void shutdown() {}

        @Override
        public void resizeThreadPool(int newSize) {}
    }

    private static final class Never extends CompletableFuture<Void> implements ScheduledFuture<Void> {
        @Override
        public long getDelay(TimeUnit unit) {
            return Long.MAX_VALUE;
        }

        @Override
        public int compareTo(Delayed other) {
            return 0;
        }
    }
}
