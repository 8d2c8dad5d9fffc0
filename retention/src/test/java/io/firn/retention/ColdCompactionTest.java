package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdRead;
import io.firn.cold.ColdSegment;
import io.firn.cold.sim.SimFault;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendOrigin;
import io.firn.hot.HotLog;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** Compacted topics in the cold tier, over the real tiers on a simulated disk, bucket and clock. */
class ColdCompactionTest {
    private static final CompactionConfig NEVER = new CompactionConfig(1, 0, Long.MAX_VALUE, 1_000_000);
    private static final CompactionConfig EAGER = new CompactionConfig(0.1, 0, Long.MAX_VALUE, 1_000_000);

    private final Map<String, String> table = new TreeMap<>();

    private void put(TieredRig rig, String key, String value) {
        rig.put(key, value);
        if (value == null) {
            table.remove(key);
        } else {
            table.put(key, value);
        }
    }

    /** A segment with {@code records} updates, which cycle through {@code keys}. */
    private long segment(TieredRig rig, int records, int keys) {
        for (int i = 0; i < records; i++) {
            put(rig, "key-" + i % keys, "value " + rig.written.size() + " ".repeat(200));
        }
        rig.awaitDurable();
        return rig.seal();
    }

    private static void awaitCompacted(TieredRig rig, long offset) {
        rig.roundsUntil("compacted up to " + offset, 5_000, () -> rig.log.cold().map(cold -> cold.cleanOffset() >= offset).orElse(false));
    }

    private void assertTable(TieredRig rig) {
        assertThat(KeyedReplay.of(rig).table()).isEqualTo(table);
    }

    private static List<ColdSegment> coldSegments(TieredRig rig) {
        return rig.get(rig.onLoop(() -> rig.log.cold().orElseThrow().segmentsFrom(0, 1_000)));
    }

    @Test
    void supersededRecordsGoSmallSegmentsBecomeOneAndOldObjectsAreDeleted() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            for (int i = 0; i < 4; i++) {
                segment(rig, 30, 10);
            }
            long end = segment(rig, 7, 7);
            awaitCompacted(rig, end);
            assertThat(coldSegments(rig)).hasSize(1);
            KeyedReplay replay = KeyedReplay.of(rig);
            assertThat(replay.table()).isEqualTo(table);
            assertThat(replay.records).hasSize(table.size());
            assertThat(replay.coldReads).isPositive();
            rig.roundsUntil("objects of superseded segments deleted", 1_000, () -> rig.segmentObjects() == 1);
            assertThat(rig.meter("firn.cold.compaction.passes")).isGreaterThanOrEqualTo(1);
            assertThat(rig.meter("firn.cold.compaction.saved.bytes")).isGreaterThan(100 * 200);
            assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
        }
    }

    @Test
    void whatWasDeletedWhileTieringWasOffStaysDeletedWhenItIsOnAgain() {
        TieredLogConfig keptLocally = Views.local(Views.compactedCold(NEVER), -1, -1);
        TieredLogConfig eager = new TieredLogConfig(keptLocally.hot(), true, false, -1, -1, -1, -1, new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000));
        try (TieredRig rig = TieredRig.started(keptLocally)) {
            put(rig, "deleted", "old");
            rig.awaitOffloaded(segment(rig, 10, 10));
            rig.reconfigure(Views.untiered(eager));
            rig.stop();
            rig.start(); // from now on nothing opens the cold log: the local disk has all records
            put(rig, "deleted", null);
            for (int pass = 0; pass < 3; pass++) {
                long end = segment(rig, 10, 10);
                rig.roundsUntil("compacted", 5_000, () -> rig.hot.cleanTo() == end);
            }
            rig.reconfigure(Views.local(eager, -1, 0));
            long end = segment(rig, 10, 10);
            rig.roundsUntil("served by the bucket", 1_000, () -> rig.hot.localLogStartOffset() == end);
            assertTable(rig);
        }
    }

    @Test
    void aLogWhoseColdTierIsToGoIsCompactedWhileTheBucketIsAway() {
        TieredLogConfig going = new TieredLogConfig(CompactedTopic.hot(true), false, false, -1, -1, -2, -2, false, true, new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000));
        TieredRig rig = new TieredRig(going);
        rig.objects.inject(SimFault.outage());
        rig.start();
        try (rig) {
            for (int pass = 0; pass < 2; pass++) {
                long end = segment(rig, 10, 5);
                rig.roundsUntil("compacted", 5_000, () -> rig.hot.cleanTo() == end);
            }
            assertTable(rig);
        }
    }

    @Test
    void whatIsDeletedWhileTheLastUploadIsOnItsWayStaysDeleted() {
        TieredLogConfig eager = new TieredLogConfig(Views.compactedCold(NEVER).hot(), true, false, -1, -1, -1, -1, new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000));
        try (TieredRig rig = TieredRig.started(eager)) {
            rig.awaitOpened();
            SimFault held = rig.objects.inject(SimFault.holdingReplies());
            put(rig, "deleted", "old");
            segment(rig, 10, 10);
            rig.roundsUntil("uploading", 100, () -> rig.objects.keys().stream().anyMatch(key -> key.endsWith(".segment")));
            rig.reconfigure(Views.untiered(eager));
            put(rig, "deleted", null);
            for (int pass = 0; pass < 3; pass++) {
                long end = segment(rig, 10, 10);
                rig.roundsUntil("compacted", 5_000, () -> rig.hot.cleanTo() == end);
            }
            rig.objects.clearFaults();
            held.release();
            rig.roundsUntil("committed", 100, () -> rig.log.latestTieredOffset() >= 0);
            rig.reconfigure(Views.local(eager, -1, 0));
            long end = segment(rig, 10, 10);
            rig.roundsUntil("served by the bucket", 1_000, () -> rig.hot.localLogStartOffset() == end);
            assertTable(rig);
        }
    }

    @Test
    void aLogThatNeverWasInTheBucketAsksItAndForgetsItsTombstones() {
        CompactionConfig eager = new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000);
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(eager, false, -1))) {
            rig.objects.inject(SimFault.outage());
            put(rig, "a", "old");
            put(rig, "a", null);
            long first = segment(rig, 3, 3);
            rig.roundsUntil("compacted without the bucket", 5_000, () -> rig.hot.cleanTo() == first);
            rig.objects.clearFaults();
            for (int pass = 0; pass < 3; pass++) {
                long end = segment(rig, 3, 3);
                rig.roundsUntil("compacted", 5_000, () -> rig.hot.cleanTo() == end);
            }
            KeyedReplay replay = KeyedReplay.of(rig);
            assertThat(replay.table()).isEqualTo(table);
            assertThat(replay.records).noneMatch(record -> record.value() == null);
            assertThat(rig.log.cold()).isEmpty();
        }
    }

    @Test
    void aRecordFromTheFutureDoesNotHoldCompactionBackWithoutALag() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            SimpleRecord future = new SimpleRecord(rig.clock.millis() + 1_000_000_000_000L, new byte[] {1}, new byte[10]);
            rig.append(MemoryRecords.withRecords(Compression.NONE, future).buffer(), AppendOrigin.REPLICATION);
            rig.append(rig.clock.millis());
            rig.awaitDurable();
            awaitCompacted(rig, rig.seal());
        }
    }

    @Test
    void aPartitionWhoseLocalLogFailsDoesNotKeepOthersFromBeingCompacted() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(NEVER))) {
            segment(rig, 30, 10);
            rig.awaitOffloaded(segment(rig, 30, 10));
            SimFault noWrites = rig.objects.inject(SimFault.outage().on(SimFault.Operation.PUT_IF_ABSENT, SimFault.Operation.PUT));
            segment(rig, 30, 10);
            rig.until("the upload has failed", 10, () -> rig.state() instanceof OffloadState.Waiting);
            int requests = rig.objects.requests(SimFault.Operation.GET);
            rig.reconfigure(Views.compactedCold(EAGER));
            rig.until("rewritten", 100, () -> rig.objects.requests(SimFault.Operation.GET) >= requests + 8 && rig.state() instanceof OffloadState.Waiting);
            rig.disk.fail(SimDisk.Op.FORCE, path -> path.toString().contains("logs-0") && path.toString().endsWith(".log"), 1, new IOException("medium error"));
            rig.put("last", "words");
            rig.await("offline", () -> rig.hot.offlineReason().isPresent());
            noWrites.release();
            rig.objects.clearFaults();

            Executor loop = rig.log.loop();
            HotLog hot = rig.get(rig.hotStore.openOrCreate(new TopicIdPartition(new Uuid(8, 8), 0, "other"), rig.config.hot(), loop));
            TieredLog other = rig.onLoop(() -> rig.worker.attach(hot, rig.config, 1, loop, hot::durableOffset));
            for (int i = 0; i < 3; i++) {
                rig.onLoop(() -> hot.append(RecordBuffers.of(CompactedTopic.batch("k")), 1, AppendOrigin.CLIENT, rig.clock.millis()));
                rig.get(rig.onLoop(hot::roll));
            }
            rig.roundsUntil("the other compacted", 5_000, () -> other.cold().map(cold -> cold.cleanOffset() == 3).orElse(false));
        }
    }

    @Test
    void everyOffsetOfTheRangeCanBeReadFrom() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            segment(rig, 20, 4);
            long end = segment(rig, 20, 4);
            put(rig, "active", "not sealed");
            rig.awaitDurable();
            awaitCompacted(rig, end);
            for (long offset = 0; offset <= end; offset++) {
                long from = offset;
                assertThat(KeyedReplay.from(rig, offset, 300).records).as("from %d", offset).allMatch(record -> record.offset() >= from)
                        .anyMatch(record -> record.key().equals("active"));
            }
        }
    }

    @Test
    void onlyWhatIsInTheBucketSupersedesWhatIsInTheBucket() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            long sealed = segment(rig, 10, 10);
            for (int i = 0; i < 10; i++) {
                rig.put("key-" + i, "newer, on the local disk alone");
            }
            rig.awaitDurable();
            awaitCompacted(rig, sealed);
            assertThat(KeyedReplay.of(rig).records).hasSize(20);
        }
    }

    @Test
    void aTombstoneStaysForItsTimeAfterTheOlderRecordsAreGoneAndThenGoesWithoutBringingThemBack() {
        CompactionConfig config = new CompactionConfig(0, 0, Long.MAX_VALUE, 300_000);
        try (TieredRig rig = TieredRig.started(Views.compactedCold(config))) {
            segment(rig, 20, 5);
            put(rig, "key-3", null);
            rig.awaitDurable();
            awaitCompacted(rig, rig.seal());
            assertThat(KeyedReplay.of(rig).records).filteredOn(record -> record.key().equals("key-3")).singleElement().matches(record -> record.value() == null);
            for (int i = 0; i < 4; i++) {
                put(rig, "other", "value " + i + " ".repeat(4_000));
                rig.awaitDurable();
                awaitCompacted(rig, rig.seal());
                rig.clock.advanceMs(100_000);
            }
            assertThat(KeyedReplay.of(rig).records).noneMatch(record -> record.key().equals("key-3"));
            assertTable(rig);
        }
    }

    @Test
    void whatWasAbortedByAMarkerThatIsStillOnTheLocalDiskSupersedesNothingAndGoes() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            put(rig, "key-1", "committed");
            put(rig, "key-2", "committed");
            rig.append(transactional(7, 0, "key-1", "aborted"), AppendOrigin.CLIENT);
            rig.append(transactional(8, 0, "key-2", "committed later"), AppendOrigin.CLIENT);
            table.put("key-2", "committed later");
            rig.awaitDurable();
            long end = rig.seal();
            rig.append(Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            rig.append(Batches.marker(0, 8, (short) 0, true, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            rig.awaitDurable();
            awaitCompacted(rig, end);
            KeyedReplay everything = KeyedReplay.of(rig);
            assertThat(everything.records).hasSize(2).noneMatch(record -> "aborted".equals(record.value()));
            assertThat(KeyedReplay.committed(rig, 100_000).table()).isEqualTo(table);
        }
    }

    @Test
    void aMarkerThatCompactionRemovedFromTheBucketIsNotToldToReadersOfTheBucketThoughALocalCopyHasIt() {
        TieredLogConfig c = Views.compactedCold(new CompactionConfig(0, 0, Long.MAX_VALUE, 0));
        TieredLogConfig config = new TieredLogConfig(c.hot(), true, false, -1, -1, TieredRig.AGES, -1, c.compaction());
        try (TieredRig rig = TieredRig.started(config)) {
            put(rig, "key-1", "old");
            rig.append(transactional(7, 0, "key-1", "aborted"), AppendOrigin.CLIENT);
            rig.awaitDurable();
            long first = rig.seal();
            rig.clock.advanceMs(2 * TieredRig.AGES);
            rig.append(Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            rig.append(transactional(7, 1, "key-2", "committed", rig.clock.millis()), AppendOrigin.CLIENT);
            rig.append(Batches.marker(0, 7, (short) 0, true, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            table.put("key-2", "committed");
            rig.awaitDurable();
            awaitCompacted(rig, rig.seal());
            for (int pass = 0; pass < 3; pass++) { // the data, then a horizon for the marker, then the marker
                put(rig, "key-3", "new " + pass);
                rig.awaitDurable();
                awaitCompacted(rig, rig.seal());
            }
            rig.roundsUntil("the first segment is cold only", 5_000, () -> rig.hot.localLogStartOffset() == first);
            assertThat(coldSegments(rig)).as("over the local start").hasSize(1);
            assertThat(rig.get(rig.onLoop(() -> rig.hot.abortedTransactions(0, 10)))).as("the local copy has the marker").isNotEmpty();
            KeyedReplay replay = KeyedReplay.committed(rig, 100_000);
            assertThat(replay.table()).isEqualTo(table);
            assertThat(replay.coldReads).isPositive();
        }
    }

    @Test
    void aReadFromBeforeASwapIsToldWhatWasAbortedInTheBytesItHas() {
        TieredRig rig = new TieredRig(Views.compactedCold(NEVER));
        rig.deleteGraceMs = 60_000;
        rig.start();
        try (rig) {
            rig.append(transactional(7, 0, "key-1", "aborted"), AppendOrigin.CLIENT);
            rig.append(Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            rig.append(transactional(7, 1, "key-2", "committed"), AppendOrigin.CLIENT);
            rig.append(Batches.marker(0, 7, (short) 0, true, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            rig.awaitDurable();
            long end = rig.seal();
            rig.roundsUntil("cold only", 100, () -> rig.hot.localLogStartOffset() == end);
            ColdRead old = rig.get(((TieredRead.Cold) rig.onLoop(() -> rig.log.read(0, 100_000, end, true))).read());
            CompactionConfig compaction = new CompactionConfig(0, 0, Long.MAX_VALUE, 0);
            rig.reconfigure(Views.compactedCold(compaction));
            awaitCompacted(rig, end);
            for (int pass = 0; pass < 3; pass++) { // the data, then a horizon for the marker, then the marker
                put(rig, "key-3", "new " + pass);
                rig.awaitDurable();
                awaitCompacted(rig, rig.seal());
            }
            assertThat(rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)))).as("nothing is aborted in what is there now").isEmpty();
            assertThat(rig.get(rig.onLoop(() -> rig.log.abortedTransactions(old)))).containsExactly(new AbortedTransaction(7, 0, 1, 2));
            old.release();
        }
    }

    private static ByteBuffer transactional(long producerId, int sequence, String key, String value) {
        return transactional(producerId, sequence, key, value, 1_000);
    }

    private static ByteBuffer transactional(long producerId, int sequence, String key, String value, long timestampMs) {
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, Compression.NONE, TimestampType.CREATE_TIME, producerId, (short) 0, sequence, RecordBatch.NO_PARTITION_LEADER_EPOCH, true,
                new SimpleRecord(timestampMs, key.getBytes(), value.getBytes())).buffer();
    }

    @Test
    void aRestartGoesOnFromTheManifestWithoutGoingOverTheLogAgain() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            long end = segment(rig, 40, 8);
            awaitCompacted(rig, end);
            rig.restart(false);
            rig.awaitOpened();
            rig.clock.advanceMs(100_000);
            for (int i = 0; i < 5; i++) {
                rig.round();
                rig.clock.advanceMs(20_000);
            }
            assertThat(rig.meter("firn.cold.compaction.passes")).isZero();
            assertThat(rig.onLoop(() -> rig.log.cold().orElseThrow().cleanOffset())).isEqualTo(end);
            awaitCompacted(rig, segment(rig, 40, 8));
            assertTable(rig);
        }
    }

    @Test
    void aPassThatCannotHoldAllKeysCoversWhatItCanAndTheNextOneGoesOn() {
        TieredRig rig = new TieredRig(Views.compactedCold(EAGER));
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, new CompactionLimits(1, 1 << 20, 0));
        rig.start();
        try (rig) {
            int keys = 50_000; // more than the table has room for, 39,000
            for (int from = 0; from < 2 * keys; from += 1_000) {
                rig.append(unique(from % keys, 1_000), AppendOrigin.CLIENT);
            }
            rig.awaitDurable();
            long end = rig.seal();
            awaitCompacted(rig, end);
            assertThat(rig.meter("firn.cold.compaction.passes")).isGreaterThanOrEqualTo(2);
            KeyedReplay replay = KeyedReplay.of(rig);
            assertThat(replay.supersededBelow(end)).isZero();
            assertThat(replay.table()).hasSize(keys);
        }
    }

    private static ByteBuffer unique(int from, int count) {
        return Batches.of(IntStream.range(from, from + count).mapToObj(i -> new SimpleRecord(1_000, ("k" + i).getBytes(), ("v" + i).getBytes())).toArray(SimpleRecord[]::new));
    }

    @Test
    void deleteRecordsUnderAPassWinsAndTheNextPassSeesIt() {
        TieredRig rig = new TieredRig(Views.compactedCold(NEVER));
        rig.deleteGraceMs = 60_000;
        rig.start();
        try (rig) {
            long first = segment(rig, 20, 5);
            long end = segment(rig, 20, 5);
            rig.awaitOffloaded(end);
            SimFault held = rig.objects.inject(SimFault.holdingRequests().on(SimFault.Operation.GET).forKeys(key -> key.endsWith(".segment")));
            rig.reconfigure(Views.compactedCold(EAGER));
            rig.roundsUntil("a pass reads", 5_000, () -> held.heldCount() > 0);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(first)));
            rig.roundsUntil("dropped", 100, () -> rig.log.cold().orElseThrow().startOffset() == first);
            held.release();
            awaitCompacted(rig, end);
            assertThat(KeyedReplay.of(rig).records).hasSize(5);
            assertThat(coldSegments(rig)).allMatch(segment -> segment.baseOffset() >= first);
            assertThat(rig.meter("firn.cold.orphans.possible")).isZero();
        }
    }

    @Test
    void youngSegmentsWaitForTheCompactionLagAndOldOnesDoNotWaitForTheRatio() {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(new CompactionConfig(0.1, TieredRig.AGES, Long.MAX_VALUE, 1_000_000)))) {
            long end = segment(rig, 20, 5);
            rig.awaitOffloaded(end);
            for (int i = 0; i < 5; i++) {
                rig.round();
                rig.clock.advanceMs(20_000);
            }
            assertThat(KeyedReplay.of(rig).records).hasSize(20);
            rig.clock.advanceMs(TieredRig.AGES);
            awaitCompacted(rig, end);
            assertThat(KeyedReplay.of(rig).records).hasSize(5);
            rig.reconfigure(Views.compactedCold(new CompactionConfig(1, 0, 900_000, 1_000_000)));
            put(rig, "key-1", "last");
            rig.awaitDurable();
            long next = rig.seal();
            rig.awaitOffloaded(next);
            rig.clock.advanceMs(1_000_000);
            awaitCompacted(rig, next);
            assertTable(rig);
        }
    }

    @Test
    void whatAnInterruptedCompactionLeftOnTheDiskIsDeletedBeforeTheNextOne() throws IOException {
        try (TieredRig rig = TieredRig.started(Views.compactedCold(EAGER))) {
            rig.disk.createDirectories(TieredRig.SCRATCH);
            rig.disk.create(TieredRig.SCRATCH.resolve("99.compacting")).close();
            awaitCompacted(rig, segment(rig, 20, 5));
            assertThat(rig.disk.list(TieredRig.SCRATCH)).isEmpty();
        }
    }

    @Test
    void aTopicThatBecomesCompactedIsCompactedInTheColdTierFromItsBeginning() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            for (int i = 0; i < 3; i++) {
                segment(rig, 20, 5);
            }
            long end = segment(rig, 20, 5);
            rig.awaitOffloaded(end);
            rig.reconfigure(Views.compactedCold(EAGER));
            awaitCompacted(rig, end);
            assertThat(KeyedReplay.of(rig).records).hasSize(5);
            assertTable(rig);
        }
    }

    @Test
    void compactAndDeleteTogetherDropWholeSegmentsByAgeOverBothTiers() {
        TieredLogConfig both = new TieredLogConfig(Views.segmentBytes(Views.compacted(true).hot(), 1 << 20), true, true, 10 * TieredRig.AGES, -1, -1, 0, EAGER);
        try (TieredRig rig = TieredRig.started(both)) {
            long old = segment(rig, 20, 5);
            awaitCompacted(rig, old);
            rig.clock.advanceMs(6 * TieredRig.AGES);
            put(rig, "young", "value" + " ".repeat(600_000)); // large: it is not merged with the old one
            rig.awaitDurable();
            long end = rig.seal();
            awaitCompacted(rig, end);
            rig.clock.advanceMs(6 * TieredRig.AGES);
            rig.roundsUntil("the old segment expired", 10_000, () -> rig.log.logStartOffset() > 0);
            assertThat(KeyedReplay.of(rig).records).extracting(KeyedReplay.Rec::key).contains("young");
        }
    }
}
