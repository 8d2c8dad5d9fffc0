package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendOrigin;
import io.firn.hot.DiskFullException;
import io.firn.hot.HotLog;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.Seeds;
import io.firn.hot.SimDisk.Op;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.internal.Record;
import org.junit.jupiter.api.Test;

/** Compacted logs on the local disk: when they are compacted, what is left, what happens when something goes wrong. */
class LocalCompactionTest {
    private static final CompactionConfig OFTEN = new CompactionConfig(0.3, 0, Long.MAX_VALUE, 60_000);
    private static final Path SEGMENTS = Path.of("/data/hot/logs-0");

    private static void settle(TieredRig rig, CompactedTopic topic) {
        rig.roundsUntil("compacted", 1_000, () -> rig.hot.cleanTo() == rig.hot.sealedSegments(Long.MAX_VALUE).stream().mapToLong(s -> s.nextOffset()).max().orElse(0));
        topic.check();
    }

    @Test
    void aDirtyLogIsCompactedIntoFewSegmentsAndKeepsTheNewestOfEachKey() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(OFTEN, false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(1));
            topic.segments(6, 20, 10);
            int before = topic.check();
            long bytes = rig.hot.sizeBytes();
            settle(rig, topic);
            assertThat(topic.check()).isLessThan(before / 4);
            assertThat(rig.hot.sizeBytes()).isLessThan(bytes / 4);
            assertThat(rig.onLoop(() -> rig.hot.sealedSegments(Long.MAX_VALUE))).hasSize(1);
            long cleanTo = topic.cleanTo();
            rig.restart(false);
            assertThat(topic.cleanTo()).isEqualTo(cleanTo);
            topic.check();
            assertThat(rig.segmentObjects()).as("not tiered").isZero();
            assertThat(rig.meter("firn.compaction.passes")).isZero();
            topic.segments(3, 20, 10);
            settle(rig, topic);
            assertThat(rig.meter("firn.compaction.passes")).isPositive();
            assertThat(rig.meter("firn.compaction.dropped.records")).isPositive();
        }
    }

    @Test
    void aLogThatIsCleanEnoughIsLeftAlone() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(0.9, 0, Long.MAX_VALUE, 60_000), false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(2));
            topic.segments(4, 20, 1000);
            settle(rig, topic);
            double passes = rig.meter("firn.compaction.passes");
            topic.segments(1, 20, 1000);
            for (int i = 0; i < 100; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(rig.meter("firn.compaction.passes")).isEqualTo(passes);
        }
    }

    @Test
    void nothingIsCompactedAboveWhatIsCommittedNorYoungerThanTheLag() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(0.1, 600_000, Long.MAX_VALUE, 60_000), false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(3));
            topic.segments(2, 10, 5);
            long limit = rig.hot.logEndOffset();
            topic.segments(2, 10, 5);
            rig.commitLimit = limit;
            for (int i = 0; i < 30; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(topic.cleanTo()).as("too young").isZero();
            rig.clock.advanceMs(600_000);
            rig.roundsUntil("what is committed", 1_000, () -> rig.hot.cleanTo() == limit);
            for (int i = 0; i < 30; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(topic.cleanTo()).isEqualTo(limit);
            rig.commitLimit = Long.MAX_VALUE;
            settle(rig, topic);
        }
    }

    @Test
    void aRecordThatHasWaitedForTheMaximumLagIsCompactedWhateverTheRatio() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(1, 0, 100_000, 60_000), false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(4));
            topic.segments(3, 10, 5);
            for (int i = 0; i < 50; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(topic.cleanTo()).isZero();
            rig.clock.advanceMs(60_000);
            settle(rig, topic);
        }
    }

    @Test
    void aTombstoneGoesWhenItsRetentionIsOver() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(0, 0, Long.MAX_VALUE, 60_000), false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(5));
            topic.put("a", false);
            topic.put("a", true);
            topic.put("b", false);
            topic.seal();
            settle(rig, topic);
            assertThat(topic.read()).extracting(Record::hasValue).containsExactly(false, true);
            rig.clock.advanceMs(70_000);
            topic.put("c", false);
            topic.seal();
            settle(rig, topic);
            assertThat(topic.read()).extracting(Record::hasValue).containsExactly(true, true);
        }
    }

    @Test
    void compactAndDeleteDoesBoth() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(OFTEN, true, TieredRig.AGES))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(6));
            topic.segments(4, 20, 10);
            settle(rig, topic);
            long start = rig.hot.logStartOffset();
            rig.clock.advanceMs(TieredRig.AGES + 1);
            topic.put("late", false);
            topic.seal();
            rig.roundsUntil("expired", 1_000, () -> rig.hot.logStartOffset() > start);
            rig.roundsUntil("gone", 1_000, () -> rig.hot.sealedSegments(Long.MAX_VALUE).size() == 1);
            assertThat(topic.read()).hasSize(1);
            topic.segments(3, 20, 10);
            rig.roundsUntil("compacted", 1_000, () -> rig.hot.cleanTo() == rig.hot.logEndOffset());
            assertThat(topic.read()).hasSizeLessThan(25);
        }
    }

    @Test
    void whatWasCompactedIsServedUnderAnyLaterPolicy() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(OFTEN, false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(7));
            topic.segments(4, 20, 10);
            settle(rig, topic);
            TieredLogConfig plain = new TieredLogConfig(HotLogConfig.DEFAULT, false, true, -1, -1, -2, -2);
            rig.reconfigure(plain);
            topic.check();
            rig.restart(true);
            topic.check();
            topic.segments(2, 5, 10);
            rig.stop();
            rig.start();
            topic.check();
            assertThat(rig.hot.offlineReason()).isEmpty();
        }
    }

    @Test
    void aTieredLogKeepsItsTombstonesAndIsCompactedBelowAndAboveTheBoundaryApart() {
        TieredLogConfig compacted = CompactedTopic.config(OFTEN, false, -1);
        TieredLogConfig tiered = new TieredLogConfig(CompactedTopic.hot(false), true, false, -1, -1, -1, -1, OFTEN);
        try (TieredRig rig = TieredRig.started(tiered)) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(8));
            topic.segments(3, 10, 5);
            long boundary = rig.hot.logEndOffset();
            rig.awaitOffloaded(boundary);
            rig.reconfigure(new TieredLogConfig(compacted.hot(), false, false, -1, -1, -2, -2, new CompactionConfig(0.1, 0, Long.MAX_VALUE, 0)));
            topic.put("key-0", true);
            topic.segments(3, 10, 5);
            settle(rig, topic);
            rig.clock.advanceMs(100_000);
            topic.segments(3, 10, 5);
            settle(rig, topic);
            assertThat(topic.read()).as("the bucket may hold what they delete").anyMatch(record -> !record.hasValue());
            assertThat(rig.onLoop(() -> rig.hot.sealedSegments(Long.MAX_VALUE))).extracting(s -> s.baseOffset()).contains(boundary);
        }
    }

    @Test
    void withLittleMemoryItTakesSeveralPasses() {
        TieredRig rig = new TieredRig(CompactedTopic.config(new CompactionConfig(0.001, 0, Long.MAX_VALUE, 60_000), false, -1));
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, new CompactionLimits(1, 64 << 10, 0));
        rig.start();
        try (rig) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(9));
            topic.segments(3, 1_000, 20_000);
            settle(rig, topic);
            assertThat(rig.meter("firn.compaction.partial.passes")).isPositive();
            assertThat(topic.read().stream().map(Record::key).distinct().count()).isEqualTo(topic.read().size());
        }
    }

    @Test
    void aFullDiskIsWaitedFor() {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(OFTEN, false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(10));
            rig.usableBytes.set(100); // not room enough for a group beside the old segments
            topic.segments(4, 20, 10);
            rig.roundsUntil("tried", 1_000, () -> rig.meter("firn.compaction.failures") >= 2);
            assertThat(topic.cleanTo()).isZero();
            double tried = rig.meter("firn.compaction.failures");
            rig.usableBytes.set(Long.MAX_VALUE / 4);
            rig.disk.fail(Op.APPEND, path -> path.toString().endsWith(".cleaned"), 1, new DiskFullException("no room", null));
            settle(rig, topic);
            assertThat(rig.meter("firn.compaction.failures")).isGreaterThan(tried);
            assertThat(rig.meter("firn.compaction.set.aside.partitions")).isZero();
        }
    }

    @Test
    void aPartitionThatCannotBeCompactedIsSetAsideAndOthersGoOn() throws IOException {
        try (TieredRig rig = TieredRig.started(CompactedTopic.config(OFTEN, false, -1))) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(11));
            topic.segments(3, 20, 10);
            rig.disk.flipBit(SEGMENTS.resolve("00000000000000000000.log"), 300, 2);
            rig.roundsUntil("set aside", 1_000, () -> rig.meter("firn.compaction.set.aside.partitions") == 1);
            assertThat(rig.get(rig.worker.notCompacted(rig.log))).hasValueSatisfying(reason -> assertThat(reason).contains("position"));
            TopicIdPartition other = new TopicIdPartition(new Uuid(8, 8), 0, "other");
            Executor loop = rig.log.loop();
            HotLog otherHot = rig.get(rig.hotStore.openOrCreate(other, rig.config.hot(), loop));
            for (int i = 0; i < 3; i++) {
                rig.onLoop(() -> otherHot.append(RecordBuffers.of(CompactedTopic.batch("k")), 1, AppendOrigin.CLIENT, rig.clock.millis()));
                rig.get(rig.onLoop(otherHot::roll));
            }
            rig.onLoop(() -> rig.worker.attach(otherHot, rig.config, 1, loop, otherHot::durableOffset));
            rig.roundsUntil("the other compacted", 1_000, () -> otherHot.cleanTo() == 3);
            assertThat(rig.hot.offlineReason()).isEmpty();
            assertThat(topic.cleanTo()).isZero();
            topic.write(10);
        }
    }

    @Test
    void detachingEndsAPassThatWaitsForTheRate() throws Exception {
        TieredRig rig = new TieredRig(CompactedTopic.config(OFTEN, false, -1));
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, new CompactionLimits(1, 1 << 20, 1)); // a byte a second
        rig.start();
        try (rig) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(12));
            topic.segments(3, 20, 10);
            for (int i = 0; i < 20; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(topic.cleanTo()).isZero();
            CompletableFuture<Void> detached = rig.onLoop(() -> rig.worker.detach(rig.log, false));
            rig.get(detached);
            assertThat(rig.disk.list(SEGMENTS)).noneMatch(name -> name.endsWith(".cleaned"));
        }
    }

    @Test
    void theRateIsKept() {
        TieredRig rig = new TieredRig(CompactedTopic.config(OFTEN, false, -1));
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, new CompactionLimits(1, 1 << 20, 1_000));
        rig.start();
        try (rig) {
            CompactedTopic topic = new CompactedTopic(rig, new Random(13));
            topic.segments(3, 20, 10);
            long bytes = rig.hot.sizeBytes();
            long beganMs = rig.clock.millis();
            settle(rig, topic);
            assertThat(rig.clock.millis() - beganMs).isGreaterThan(2 * bytes / 1_000 * 1_000 / 2);
        }
    }

    /** Kills, power losses, clean stops and changes of the log at any moment of compactions. */
    @Test
    void whateverHappensAReaderFindsTheNewestValueOfEveryKey() {
        Seeds.each(8, random -> {
            try (TieredRig rig = TieredRig.started(CompactedTopic.config(new CompactionConfig(0.2, 0, Long.MAX_VALUE, 20_000), false, -1))) {
                CompactedTopic topic = new CompactedTopic(rig, random);
                for (int life = 0; life < 8; life++) {
                    topic.segments(1 + random.nextInt(4), 8, 12);
                    int rounds = random.nextInt(6);
                    for (int i = 0; i < rounds; i++) {
                        rig.round();
                        rig.clock.advanceMs(random.nextInt(20_000));
                        if (random.nextBoolean()) {
                            topic.write(12);
                        }
                    }
                    rig.awaitDurable();
                    switch (random.nextInt(3)) {
                        case 0 -> rig.restart(false);
                        case 1 -> rig.restart(true);
                        default -> {
                            rig.stop();
                            rig.start();
                        }
                    }
                    assertThat(rig.hot.offlineReason()).isEmpty();
                    topic.check();
                }
                topic.seal();
                rig.roundsUntil("compacted in the end", 5_000, () -> rig.hot.cleanTo() > 0);
                topic.check();
                assertThat(rig.disk.list(SEGMENTS)).noneMatch(name -> name.endsWith(".swap"));
            }
        });
    }

    @Test
    void theDirtiestGoesFirstButNobodyWaitsBeyondTheMaximumLag() {
        CompactionTurns turns = new CompactionTurns(1);
        List<String> order = new ArrayList<>();
        turns.request(new CompactionTurns.Turn(Runnable::run, false, 0.6, () -> order.add("0.6")));
        turns.request(new CompactionTurns.Turn(Runnable::run, false, 0.9, () -> order.add("0.9")));
        turns.request(new CompactionTurns.Turn(Runnable::run, true, 0.1, () -> order.add("overdue")));
        assertThat(turns.dirtiestRatio()).isEqualTo(0.9);
        turns.grant();
        turns.grant();
        assertThat(order).containsExactly("overdue");
        for (int i = 0; i < 2; i++) {
            turns.release();
            turns.grant();
        }
        assertThat(order).containsExactly("overdue", "0.9", "0.6");
        assertThat(turns.waiting()).isZero();
    }

    @Test
    void groupsFillSegmentsAndDoNotCrossTheTierBoundary() {
        List<SegmentSpan> segments = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            segments.add(new SegmentSpan(10L * i, 10L * i + 10, 400, 0));
        }
        segments.add(new SegmentSpan(60, 60L + Integer.MAX_VALUE, 10, 0));
        assertThat(CompactionPolicy.groups(segments, 1_000, 50)).extracting(List::size).containsExactly(2, 2, 1, 1, 1);
        assertThat(CompactionPolicy.groups(segments, 100, 0)).extracting(List::size).containsExactlyElementsOf(Collections.nCopies(7, 1));
        assertThat(CompactionPolicy.groups(List.of(), 100, 0)).isEmpty();
    }

    @Test
    void cleanToOutsideOfTheLogMeansThatAllIsDirty() {
        LogView view = new LogView(0, 20, 50, 50, List.of(new SegmentSpan(20, 30, 100, 0), new SegmentSpan(30, 50, 200, 0)), 300, ColdView.NOTHING);
        assertThat(CompactionPolicy.cleanable(view, 51, OFTEN, 0)).isEqualTo(new CompactionPolicy.Cleanable(20, 50, 0, 300));
        assertThat(CompactionPolicy.cleanable(view, 5, OFTEN, 0)).isEqualTo(new CompactionPolicy.Cleanable(20, 50, 0, 300));
        assertThat(CompactionPolicy.cleanable(view, 30, OFTEN, 0)).isEqualTo(new CompactionPolicy.Cleanable(30, 50, 100, 200));
        assertThat(CompactionPolicy.cleanable(view, 35, OFTEN, 0)).as("half of a segment").isEqualTo(new CompactionPolicy.Cleanable(35, 50, 100, 200));
    }
}
