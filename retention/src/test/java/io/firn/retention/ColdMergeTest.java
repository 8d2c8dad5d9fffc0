package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.Sweeps;
import io.firn.cold.sim.SimFault;
import io.firn.hot.AbortedTransaction;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Small segments of a slow topic become larger objects, and readers see the same log, whatever happens meanwhile. */
class ColdMergeTest {

    private static final int MERGE_BYTES = 1 << 20;
    /** Of a merge that is killed. */
    private static final int SEGMENTS = 9;

    private static TieredRig rig(TieredLogConfig config, int mergeBytes) {
        TieredRig rig = new TieredRig(config);
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, mergeBytes);
        rig.deleteGraceMs = 60_000;
        rig.start();
        return rig;
    }

    private static long fill(TieredRig rig, int segments) {
        long end = 0;
        for (int i = 0; i < segments; i++) {
            end = rig.segment(3);
        }
        rig.awaitOffloaded(end);
        return end;
    }

    /** Nothing is deleted, and nothing merged: each segment is larger than half a tenth of what is retained, so that not even pages are read to look for some; for up to 18 of them. */
    private static TieredLogConfig tooSmallToMerge() {
        return Views.total(Views.coldOnly(), -1, 160_000);
    }

    private static long live(TieredRig rig) {
        return rig.onLoop(() -> liveHere(rig));
    }

    /** On the loop. */
    private static long liveHere(TieredRig rig) {
        return rig.log.cold().map(ColdLog::segmentCount).orElse(-1L);
    }

    @Test
    void aSlowTopicsSegmentsBecomeOneAndItsRecordsAreTheSame() {
        try (TieredRig rig = rig(Views.coldOnly(), MERGE_BYTES)) {
            long end = fill(rig, 20);
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 8);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == end);
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
            rig.await("counted, which comes after the manifest", () -> rig.meter("firn.cold.merged.segments") >= 13);
            assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
            rig.clock.advanceMs(120_000);
            rig.get(Sweeps.now(rig.cold));
            assertThat(rig.segmentObjects()).isEqualTo(live(rig));
        }
    }

    @Test
    void anIdlePartitionCostsNoRequestOnceItWasLookedThrough() {
        try (TieredRig rig = rig(Views.coldOnly(), MERGE_BYTES)) {
            fill(rig, 20);
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 8);
            rig.clock.advanceMs(120_000);
            rig.get(Sweeps.now(rig.cold));
            for (int i = 0; i < 50; i++) {
                rig.clock.advanceMs(5_000);
                rig.round();
            }
            int requests = rig.objects.requests();
            for (int i = 0; i < 50; i++) {
                rig.clock.advanceMs(5_000);
                rig.round();
            }
            assertThat(rig.objects.requests()).isEqualTo(requests);
        }
    }

    @Test
    void segmentsThatArriveLaterAreMergedWithThoseThatWaited() {
        try (TieredRig rig = rig(Views.coldOnly(), MERGE_BYTES)) {
            fill(rig, 5);
            for (int i = 0; i < 30; i++) {
                rig.clock.advanceMs(5_000);
                rig.round();
            }
            assertThat(live(rig)).isEqualTo(5);
            fill(rig, 5);
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 3);
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void whatRetentionKeptFromBeingMergedIsLookedAtAgainWhenThatIsRaised() {
        TieredLogConfig small = Views.total(Views.coldOnly(), -1, 500_000);
        try (TieredRig rig = rig(small, MERGE_BYTES)) {
            fill(rig, 20);
            for (int i = 0; i < 30; i++) {
                rig.clock.advanceMs(5_000);
                rig.round();
            }
            assertThat(live(rig)).as("none is less than half a tenth of what is retained").isEqualTo(20);
            rig.reconfigure(Views.coldOnly());
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 8);
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void switchedOffItLeavesSegmentsAsTheyAre() {
        try (TieredRig rig = rig(Views.coldOnly(), 0)) {
            fill(rig, 20);
            for (int i = 0; i < 60; i++) {
                rig.clock.advanceMs(5_000);
                rig.round();
            }
            assertThat(live(rig)).isEqualTo(20);
        }
    }

    @Test
    void aKillAtAnyRequestOfAMergeLeavesTheOldSegmentsOrTheNewOneAndAtMostOneOrphan() {
        everyRequest(SimFault::holdingRequests, false, false);
    }

    @Test
    void aKillAfterAnyRequestWhichArrivesLateChangesNothing() {
        everyRequest(SimFault::holdingRequests, false, true);
    }

    @Test
    void aPowerLossAfterAnyRequestWhoseReplyWasOnItsWayLosesNothing() {
        everyRequest(SimFault::holdingReplies, true, false);
    }

    private static void everyRequest(Supplier<SimFault> kind, boolean powerLoss, boolean late) {
        int point = 1;
        while (crashAt(point, kind.get(), powerLoss, late)) {
            point++;
            assertThat(point).isLessThan(200);
        }
        assertThat(point).as("points at which it was killed: each segment's tail and records are read").isGreaterThan(2 * SEGMENTS);
    }

    /** Kills at the given request, counted from the first of the merge: none is looked for before the fault is there, and the pages that are read to find it may be in memory. False when it needed fewer. */
    private static boolean crashAt(int point, SimFault fault, boolean powerLoss, boolean late) {
        TieredRig rig = rig(tooSmallToMerge(), MERGE_BYTES);
        try (rig) {
            long end = fill(rig, SEGMENTS);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == end);
            AtomicInteger requests = new AtomicInteger();
            rig.objects.inject(fault.forKeys(key -> !key.endsWith(".page") && requests.incrementAndGet() >= point));
            rig.reconfigure(Views.coldOnly());
            rig.roundsUntil("held at request " + point, 5_000, () -> fault.heldCount() > 0 || rig.log.cold().orElseThrow().segmentCount() == 1);
            boolean reached = fault.heldCount() > 0;
            rig.restart(powerLoss);
            rig.awaitOpened();
            if (late) {
                fault.release();
            }
            assertThat(Replay.of(rig, 10_000).coldReads).as("after a crash at %d", point).isPositive();
            rig.roundsUntil("merged after a crash at " + point, 5_000, () -> rig.log.cold().map(cold -> cold.segmentCount() == 1).orElse(false));
            Replay.of(rig, 10_000);
            rig.clock.advanceMs(120_000);
            rig.get(Sweeps.now(rig.cold));
            assertThat(rig.segmentObjects()).as("one orphan at most: the object that was being uploaded").isBetween(1L, 2L);
            return reached;
        }
    }

    @Test
    void anOutageIsWaitedFor() {
        try (TieredRig rig = rig(tooSmallToMerge(), MERGE_BYTES)) {
            fill(rig, 12);
            rig.objects.inject(SimFault.outage());
            rig.reconfigure(Views.coldOnly());
            rig.roundsUntil("met", 5_000, () -> rig.meter("firn.cold.compaction.interrupted") > 1);
            assertThat(live(rig)).isEqualTo(12);
            rig.objects.clearFaults();
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) == 1);
            Replay.of(rig, 10_000);
            assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
        }
    }

    @Test
    void deletionUnderAMergeEndsItAndWhatIsLeftIsMergedLater() {
        try (TieredRig rig = rig(tooSmallToMerge(), MERGE_BYTES)) {
            long end = fill(rig, 12);
            SimFault reading = rig.objects.inject(SimFault.holdingRequests().on(SimFault.Operation.GET).forKeys(key -> key.endsWith(".segment")));
            rig.reconfigure(Views.coldOnly());
            rig.roundsUntil("under way", 5_000, () -> reading.heldCount() > 0);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(end / 2)));
            rig.roundsUntil("dropped", 100, () -> liveHere(rig) == 6);
            reading.release();
            fill(rig, 4);
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 3);
            Replay.of(rig, 10_000);
            assertThat(rig.meter("firn.cold.compaction.interrupted")).isZero();
            assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
        }
    }

    @Test
    void whatWasAbortedIsToldByTheMergedSegment() {
        try (TieredRig rig = rig(Views.coldOnly(), MERGE_BYTES)) {
            TieredLogTest.transactional(rig, 1, 0);
            rig.awaitDurable();
            rig.seal();
            TieredLogTest.marker(rig, 1);
            rig.awaitDurable();
            rig.seal();
            long end = fill(rig, 12);
            List<AbortedTransaction> before = rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)));
            assertThat(before).isNotEmpty();
            rig.roundsUntil("merged", 5_000, () -> liveHere(rig) <= 7); // of 14: the first eight may have been merged before the others came, which are too few then
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == end);
            assertThat(rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)))).isEqualTo(before);
            List<ColdSegment> first = rig.get(rig.onLoop(() -> rig.log.cold().orElseThrow().segmentsFrom(0, 1)));
            assertThat(first.get(0).nextOffset()).isGreaterThan(before.get(0).lastOffset());
        }
    }
}
