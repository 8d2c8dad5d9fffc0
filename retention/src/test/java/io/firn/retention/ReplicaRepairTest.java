package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.SimDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** Objects that are broken where the leader has no copy: which other broker's bytes take their place, and which do not. */
class ReplicaRepairTest {

    private static final long SWEEP_MS = 60_000;
    private static final long SCRUB_MS = 600_000;
    private static final long RATE = 1 << 30;
    private static final int LEADER_EPOCH_AT = 12;
    private static final int CRC_AT = 17;
    private static final int ATTRIBUTES_AT = 21;

    private final SimReplicas replicas = new SimReplicas();

    /** A leader whose local copies are gone. */
    private TieredRig leader(int segments) {
        return leader(RATE, rig -> rig.segments(segments));
    }

    private interface Fill {
        void into(TieredRig rig);
    }

    private TieredRig leader(long rate, Fill fill) {
        TieredRig rig = new TieredRig(Views.coldOnly());
        start(rig, rate);
        fill.into(rig);
        settled(rig);
        return rig;
    }

    private void start(TieredRig rig, long rate) {
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, new ScrubConfig(SWEEP_MS, 0, SCRUB_MS, rate));
        rig.deleteGraceMs = TieredRig.AGES;
        rig.start();
        rig.worker.repairFrom(replicas);
    }

    /** Takes no time of the rig's clock: so no sweep and no scrub has begun yet. */
    private static void settled(TieredRig rig) {
        long end = rig.onLoop(rig.hot::logEndOffset);
        rig.roundsUntil("offloaded", 0, () -> rig.log.latestTieredOffset() == end - 1);
        rig.roundsUntil("local copies gone", 0, () -> rig.hot.localLogStartOffset() == end);
    }

    private static List<ColdSegment> segments(TieredRig rig) {
        ColdLog cold = rig.onLoop(() -> rig.log.cold().orElseThrow());
        List<ColdSegment> all = new ArrayList<>();
        for (long from = cold.startOffset(); from < cold.endOffset(); from = all.get(all.size() - 1).nextOffset()) {
            all.addAll(rig.get(cold.segmentsFrom(from, 100)));
        }
        return all;
    }

    private static ColdSegmentLog opened(TieredRig rig, ColdSegment segment) {
        return rig.get(rig.onLoop(() -> rig.log.cold().orElseThrow()).openSegment(segment));
    }

    private static void repaired(TieredRig rig, int count) {
        rig.roundsUntil("repaired", 10_000, () -> byReplica(rig) == count);
    }

    private static double byReplica(TieredRig rig) {
        return rig.meters.get("firn.cold.repaired.segments").tag("source", "replica").counter().count();
    }

    private static List<String> scratchFiles(TieredRig rig) {
        try {
            return rig.disk.list(TieredRig.SCRATCH.resolveSibling("scratch-repair"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void sweep(TieredRig rig) {
        double before = rig.meter("firn.cold.sweeps");
        rig.roundsUntil("swept", 10_000, () -> rig.meter("firn.cold.sweeps") > before);
    }

    private static void read(TieredRig rig) {
        double before = rig.meter("firn.cold.scrub.rounds");
        rig.roundsUntil("read through", 10_000, () -> rig.meter("firn.cold.scrub.rounds") > before);
    }

    /** Found by reading and listing, and tried twice. */
    private static void tried(TieredRig rig) {
        read(rig);
        sweep(rig);
        sweep(rig);
    }

    private static void damagedStays(TieredRig rig) {
        assertThat(byReplica(rig)).isZero();
        assertThat(rig.meter("firn.cold.damaged.objects")).isOne();
    }

    private static void missingStays(TieredRig rig) {
        assertThat(byReplica(rig)).isZero();
        assertThat(rig.meter("firn.cold.missing.objects")).isOne();
    }

    /** The batches with one byte of one batch's records changed, and its checksum with it: another sound log of the same size. */
    private static NavigableMap<Long, byte[]> otherRecords(NavigableMap<Long, byte[]> log, long offset) {
        NavigableMap<Long, byte[]> other = new TreeMap<>(log);
        byte[] batch = other.floorEntry(offset).getValue().clone();
        batch[batch.length - 20] ^= 1;
        CRC32C crc = new CRC32C();
        crc.update(batch, ATTRIBUTES_AT, batch.length - ATTRIBUTES_AT);
        ByteBuffer.wrap(batch).putInt(CRC_AT, (int) crc.getValue());
        other.put(other.floorKey(offset), batch);
        return other;
    }

    private static NavigableMap<Long, byte[]> ofEpoch(NavigableMap<Long, byte[]> log, long offset, int epoch) {
        NavigableMap<Long, byte[]> other = new TreeMap<>(log);
        byte[] batch = other.floorEntry(offset).getValue().clone();
        ByteBuffer.wrap(batch).putInt(LEADER_EPOCH_AT, epoch);
        other.put(other.floorKey(offset), batch);
        return other;
    }

    // Done

    @Test
    void aRottenChunkIsMadeAnewFromAReplicaWhereTheLeaderHasNoCopy() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            ColdSegment rotten = segments(rig).get(3);
            rig.objects.flipBit(rotten.key(), 100);
            repaired(rig, 1);
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
            assertThat(segments(rig)).extracting(ColdSegment::key).hasSize(6).doesNotContain(rotten.key());
            assertThat(replicas.asked).allMatch(question -> question.leaderEpoch() == 1 && question.offset() >= rotten.baseOffset() && question.offset() < rotten.nextOffset());
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
        }
    }

    @Test
    void aSegmentOfWhichNothingIsLeftEndsInTheStateThatItHad() {
        try (TieredRig rig = leader(RATE, ReplicaRepairTest::transactions)) {
            replicas.with(2, rig.written);
            long end = rig.onLoop(rig.hot::logEndOffset);
            List<AbortedTransaction> aborted = rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)));
            List<ColdSegment> before = segments(rig);
            List<ColdSegmentLog> tails = before.stream().map(segment -> opened(rig, segment)).toList();
            before.forEach(segment -> {
                rig.objects.delete(segment.key()).join();
                repaired(rig, before.indexOf(segment) + 1);
            });
            List<ColdSegment> after = segments(rig);
            assertThat(after).hasSameSizeAs(before);
            for (int i = 0; i < after.size(); i++) {
                ColdSegmentLog made = opened(rig, after.get(i));
                assertThat(made.segment().key()).isNotEqualTo(before.get(i).key());
                assertThat(made.producerSnapshot()).as("producers at the end of segment %d", i).isEqualTo(tails.get(i).producerSnapshot());
                assertThat(made.leaderEpochs()).isEqualTo(tails.get(i).leaderEpochs());
                assertThat(made.abortedTransactions()).isEqualTo(tails.get(i).abortedTransactions());
            }
            Replay.of(rig, 10_000);
            assertThat(rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)))).isEqualTo(aborted).hasSize(2);
        }
    }

    /** Four segments under two leaders; transactions begin in one and are aborted in a later one. */
    private static void transactions(TieredRig rig) {
        rig.leaderEpoch = 0;
        TieredLogTest.transactional(rig, 1, 0);
        TieredLogTest.transactional(rig, 2, 0);
        rig.segment(1);
        TieredLogTest.marker(rig, 1);
        rig.segment(1);
        rig.leaderEpoch = 1;
        TieredLogTest.transactional(rig, 2, 3);
        rig.segment(1);
        TieredLogTest.marker(rig, 2);
        rig.segment(1);
    }

    @Test
    void aTailThatCannotBeReadIsMadeAnewFromTheSegmentBeforeAndTheBatches() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            ColdSegment rotten = segments(rig).get(3);
            rig.objects.flipBit(rotten.key(), rotten.logSizeBytes() + 3);
            repaired(rig, 1);
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void neighboursThatAreMissingAreMadeAnewOneAfterTheOther() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            List<ColdSegment> all = segments(rig);
            all.subList(1, 6).forEach(segment -> rig.objects.delete(segment.key()).join());
            repaired(rig, 5);
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isZero();
            Replay.of(rig, 10_000);
        }
    }

    /** So that other partitions get their turns in between. */
    @Test
    void manyAreMendedSomeInATurnAndTheNextOnesAtOnce() {
        try (TieredRig rig = leader(3 * ColdScrubber.MENDED_IN_TURN)) {
            replicas.with(2, rig.written);
            segments(rig).forEach(segment -> rig.objects.delete(segment.key()).join());
            rig.clock.advanceMs(SWEEP_MS);
            for (int turn = 1; turn <= 3; turn++) {
                int mended = turn * ColdScrubber.MENDED_IN_TURN;
                rig.roundsUntil("mended in turn " + turn + ", which takes no time of this clock", 0, () -> byReplica(rig) == mended);
                assertThat(rig.meter("firn.cold.sweeps")).isEqualTo(turn);
                rig.clock.advanceMs(1_000 / Scrubs.SWEEPS_PER_SECOND);
            }
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void thoseThatNobodyHasHoldUpNoneBehindThemHoweverManyTheyAre() {
        int lost = 2 * ColdScrubber.MENDED_IN_TURN;
        try (TieredRig rig = leader(lost + 4)) {
            List<ColdSegment> all = segments(rig);
            replicas.with(2, rig.written.tailMap(all.get(lost).baseOffset()));
            all.subList(0, lost).forEach(segment -> rig.objects.delete(segment.key()).join());
            rig.objects.delete(all.get(lost + 1).key()).join();
            rig.objects.delete(all.get(lost + 3).key()).join();
            repaired(rig, 2);
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isEqualTo(lost);
            int sweeps = (int) rig.meter("firn.cold.sweeps");
            long sinceMs = rig.clock.millis();
            rig.roundsUntil("tried anew with the next intervals", 10_000, () -> rig.clock.millis() - sinceMs > 20 * SWEEP_MS);
            assertThat(rig.meter("firn.cold.sweeps") - sweeps).as("two turns an interval").isLessThan(50);
        }
    }

    @Test
    void replicasAreAskedOneAfterTheOtherUntilOneHasTheBytes() {
        try (TieredRig rig = leader(6)) {
            ColdSegment rotten = segments(rig).get(3);
            replicas.with(2, new TreeMap<>()).with(3, otherRecords(rig.written, rotten.baseOffset())).with(4, rig.written).with(5, rig.written);
            rig.objects.flipBit(rotten.key(), 100);
            repaired(rig, 1);
            assertThat(replicas.asked).extracting(ReplicaLogs.Question::broker).containsExactly(2, 3, 4);
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void aSegmentOfManyAnswersComesAtTheRateOfTheScrub() {
        int rate = 256 << 10;
        try (TieredRig rig = leader(rate, filled -> filled.segment(1_300))) {
            replicas.with(2, rig.written);
            ColdSegment rotten = segments(rig).get(0);
            assertThat(rotten.logSizeBytes()).isGreaterThan(3 * ReplicaCopy.MOST_AT_ONCE_BYTES);
            rig.objects.flipBit(rotten.key(), 100);
            rig.roundsUntil("asked", 1_000, () -> !replicas.asked.isEmpty());
            long begunMs = rig.clock.millis();
            rig.roundsUntil("repaired", 1_000, () -> byReplica(rig) == 1);
            assertThat(rig.clock.millis() - begunMs).isGreaterThan((rotten.logSizeBytes() - 2 * ReplicaCopy.MOST_AT_ONCE_BYTES) * 1_000 / rate);
            assertThat(replicas.asked).hasSizeGreaterThan(3).allMatch(question -> question.maxBytes() <= ReplicaCopy.MOST_AT_ONCE_BYTES);
        }
    }

    @Test
    void aLeaderWhoseOwnCopyCannotBeReadTakesAReplicas() {
        TieredRig rig = new TieredRig(Views.local(Views.config(), -1, -1));
        start(rig, RATE);
        try (rig) {
            rig.segments(4);
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
            replicas.with(2, rig.written);
            rig.disk.fail(SimDisk.Op.READ, path -> path.toString().endsWith(".log"), Integer.MAX_VALUE, new IOException("medium error"));
            rig.objects.flipBit(segments(rig).get(1).key(), 100);
            repaired(rig, 1);
        }
    }

    @Test
    void aCompactedTopicTakesAReplicasBytesOnlyWhereTheObjectsChecksumsProveThem() {
        TieredLogConfig c = Views.compactedCold(new CompactionConfig(1, 0, Long.MAX_VALUE, 1_000_000));
        TieredRig rig = new TieredRig(new TieredLogConfig(c.hot(), true, false, -1, -1, -1, 0, c.compaction()));
        start(rig, RATE);
        try (rig) {
            for (int segment = 0; segment < 4; segment++) {
                for (int i = 0; i < 20; i++) {
                    rig.put("key-" + segment + "." + i, "value " + " ".repeat(500));
                }
                rig.awaitDurable();
                rig.seal();
            }
            settled(rig);
            replicas.with(2, rig.written);
            List<ColdSegment> all = segments(rig);
            rig.objects.flipBit(all.get(1).key(), 100);
            rig.objects.delete(all.get(2).key()).join();
            repaired(rig, 1);
            tried(rig);
            assertThat(byReplica(rig)).isOne();
            assertThat(rig.meter("firn.cold.missing.objects")).as("the other").isOne();
            assertThat(replicas.asked).allMatch(question -> question.offset() < all.get(2).baseOffset());
        }
    }

    /** Another replica's segments lie otherwise, and where pages are not in memory an answer ends where its index has an entry. */
    @Test
    void anAnswerThatGoesOnBehindTheRangeIsCutToIt() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            replicas.batchesBeyond = 2;
            List<ColdSegment> all = segments(rig);
            rig.objects.flipBit(all.get(3).key(), 100);
            rig.objects.delete(all.get(1).key()).join();
            repaired(rig, 2);
            Replay.of(rig, 10_000);
        }
    }

    /** At this rate a turn pays for 18 hours. */
    @Test
    void brokersThatHaveNothingCostNoTurnOfTheRate() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, new ScrubConfig(SWEEP_MS, 0, 0, 1));
        begun(rig, 24);
        try (rig) {
            replicas.with(2, Map.of()).with(3, Map.of());
            everySecondIsGone(rig);
            long begunMs = rig.clock.millis();
            rig.roundsUntil("all are asked for", 1_000, () -> replicas.asked.size() >= 20);
            assertThat(rig.clock.millis() - begunMs).isLessThan(18 * 3_600_000L);
        }
    }

    @Test
    void smallSegmentsTogetherComeAtTheRateOfTheScrub() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, new ScrubConfig(SWEEP_MS, 0, 0, 1));
        begun(rig, 40);
        try (rig) {
            replicas.with(2, rig.written);
            everySecondIsGone(rig);
            long begunMs = rig.clock.millis();
            rig.roundsUntil("all are mended", 1_000_000, () -> byReplica(rig) == 20);
            assertThat(rig.meter("firn.cold.repair.fetched.bytes")).isGreaterThan(3 * (64 << 10));
            assertThat(rig.clock.millis() - begunMs).isGreaterThan(2 * (64 << 10) * 1_000L);
        }
    }

    private void begun(TieredRig rig, int segments) {
        rig.deleteGraceMs = TieredRig.AGES;
        rig.start();
        rig.worker.repairFrom(replicas);
        rig.segments(segments);
        settled(rig);
    }

    private static void everySecondIsGone(TieredRig rig) {
        List<ColdSegment> all = segments(rig);
        for (int i = 1; i < all.size(); i += 2) {
            rig.objects.delete(all.get(i).key()).join();
        }
    }

    @Test
    void aBrokerThatIsAlwaysJustNotSilentIsPassedOver() {
        try (TieredRig rig = leader(RATE, filled -> filled.segment(30))) {
            replicas.with(2, rig.written).with(3, rig.written);
            replicas.slow = Optional.of(() -> rig.clock.advanceMs(9_000));
            rig.objects.flipBit(segments(rig).get(0).key(), 100);
            repaired(rig, 1);
            assertThat(replicas.asked).extracting(ReplicaLogs.Question::broker).endsWith(3);
            assertThat(replicas.asked.stream().filter(question -> question.broker() == 2).count()).isBetween(1L, 7L);
        }
    }

    @Test
    void withoutSweepsThoseThatNobodyHasHoldUpNoneBehindThemEither() {
        int lost = 2 * ColdScrubber.MENDED_IN_TURN;
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, new ScrubConfig(0, 0, SCRUB_MS, RATE));
        begun(rig, lost + 4);
        try (rig) {
            List<ColdSegment> all = segments(rig);
            replicas.with(2, rig.written.tailMap(all.get(lost).baseOffset()));
            all.subList(0, lost).forEach(segment -> rig.objects.flipBit(segment.key(), 100));
            rig.objects.flipBit(all.get(lost + 1).key(), 100);
            repaired(rig, 1);
        }
    }

    @Test
    void aScratchDiskThatFailsIsNoReplicasFault() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written).with(3, rig.written);
            rig.disk.fail(SimDisk.Op.READ, path -> path.toString().endsWith(".compacting"), 1, new IOException("medium error"));
            rig.objects.flipBit(segments(rig).get(3).key(), 100);
            repaired(rig, 1);
            assertThat(rig.meter("firn.cold.scrub.failures")).isPositive();
            assertThat(replicas.asked).extracting(ReplicaLogs.Question::broker).containsOnly(2);
        }
    }

    // Not done

    @Test
    void bytesThatTheObjectsChecksumsDoNotKnowAreRefused() {
        try (TieredRig rig = leader(6)) {
            ColdSegment rotten = segments(rig).get(3);
            replicas.with(2, otherRecords(rig.written, rotten.baseOffset() + 4));
            rig.objects.flipBit(rotten.key(), 100);
            tried(rig);
            damagedStays(rig);
            assertThat(replicas.asked).isNotEmpty();
        }
    }

    /** All that the manifest knows of it is the same. */
    @Test
    void aLogOfAnotherLeaderIsRefusedWhereNothingIsLeftOfTheObject() {
        try (TieredRig rig = leader(6)) {
            ColdSegment gone = segments(rig).get(3);
            replicas.with(2, ofEpoch(rig.written, gone.baseOffset() + 3, 0));
            rig.objects.delete(gone.key()).join();
            tried(rig);
            missingStays(rig);
            replicas.with(3, rig.written);
            repaired(rig, 1);
        }
    }

    @Test
    void bytesThatRotOnTheWayOrAtTheReplicaAreRefused() {
        try (TieredRig rig = leader(6)) {
            ColdSegment gone = segments(rig).get(3);
            NavigableMap<Long, byte[]> rotten = new TreeMap<>(rig.written);
            byte[] batch = rotten.get(gone.baseOffset() + 3).clone();
            batch[80] ^= 4;
            rotten.put(gone.baseOffset() + 3, batch);
            replicas.with(2, rotten);
            rig.objects.delete(gone.key()).join();
            tried(rig);
            missingStays(rig);
        }
    }

    @Test
    void partOfTheRangeIsNoCopy() {
        try (TieredRig rig = leader(6)) {
            ColdSegment rotten = segments(rig).get(3);
            long within = rotten.baseOffset() + 3;
            replicas.with(2, rig.written.tailMap(within)).with(3, rig.written.headMap(within));
            NavigableMap<Long, byte[]> hole = new TreeMap<>(rig.written);
            hole.remove(within);
            replicas.with(4, hole);
            rig.objects.flipBit(rotten.key(), 100);
            tried(rig);
            damagedStays(rig);
            assertThat(replicas.asked).extracting(ReplicaLogs.Question::broker).contains(2, 3, 4);
        }
    }

    @Test
    void whereNobodyHasItItStaysDamagedAndIsTriedWithEachSweep() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, Map.of());
            rig.objects.flipBit(segments(rig).get(3).key(), 100);
            tried(rig);
            damagedStays(rig);
            int asked = replicas.asked.size();
            rig.roundsUntil("asked again", 10_000, () -> replicas.asked.size() > asked);
            sweep(rig);
            assertThat(rig.meter("firn.cold.scrub.failures")).isZero();
            assertThat(scratchFiles(rig)).isEmpty();
        }
    }

    @Test
    void withoutATailNothingIsMadeUpWhereTheProducersBeforeItAreNotKnown() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            ColdSegment first = segments(rig).get(2);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(first.baseOffset())));
            rig.roundsUntil("those before it are gone", 100, () -> rig.log.cold().orElseThrow().startOffset() == first.baseOffset());
            rig.objects.delete(first.key()).join();
            tried(rig);
            missingStays(rig);
            assertThat(replicas.asked).isEmpty();
        }
    }

    @Test
    void withTheTailTheFirstSegmentOfTheBucketIsMadeAnewAllTheSame() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            ColdSegment first = segments(rig).get(2);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(first.baseOffset())));
            rig.roundsUntil("those before it are gone", 100, () -> rig.log.cold().orElseThrow().startOffset() == first.baseOffset());
            rig.objects.flipBit(first.key(), 100);
            repaired(rig, 1);
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void aLeaderThatFollowsMeanwhileGivesTheRepairUp() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            List<String> keys = segments(rig).stream().map(ColdSegment::key).toList();
            replicas.hold();
            rig.objects.flipBit(keys.get(3), 100);
            rig.roundsUntil("asked", 10_000, () -> replicas.heldAnswers() > 0);
            rig.onLoop(() -> {
                rig.log.follow(2);
                return null;
            });
            rig.round();
            replicas.release();
            rig.roundsUntil("given up", 10_000, () -> scratchFiles(rig).isEmpty());
            assertThat(byReplica(rig)).isZero();
            assertThat(rig.objects.keys()).filteredOn(key -> key.endsWith(".segment")).containsExactlyInAnyOrderElementsOf(keys);
            assertThat(rig.meter("firn.cold.damaged.objects")).as("another leader's to tell").isZero();
        }
    }

    @Test
    void aReplicaThatKnowsALaterLeaderDoesNotAnswer() {
        try (TieredRig rig = leader(6)) {
            replicas.with(2, rig.written);
            replicas.leaderEpoch = 2;
            rig.objects.flipBit(segments(rig).get(3).key(), 100);
            tried(rig);
            damagedStays(rig);
        }
    }

    @Test
    void aDiskNearItsWatermarkTakesNoCopyUntilThereIsRoom() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.usableBytes.set(1_000_000);
        rig.workerConfig = new RetentionConfig(1_000, 0, 1_000, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, new ScrubConfig(SWEEP_MS, 0, SCRUB_MS, RATE));
        rig.deleteGraceMs = TieredRig.AGES;
        rig.start();
        rig.worker.repairFrom(replicas);
        try (rig) {
            rig.segments(6);
            settled(rig);
            replicas.with(2, rig.written);
            ColdSegment rotten = segments(rig).get(3);
            rig.objects.flipBit(rotten.key(), 100);
            rig.usableBytes.set(2 * 1_000 + rotten.logSizeBytes() - 1);
            tried(rig);
            damagedStays(rig);
            assertThat(replicas.asked).isEmpty();
            rig.usableBytes.set(2 * 1_000 + rotten.logSizeBytes());
            repaired(rig, 1);
        }
    }
}
