package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.hot.SimDisk;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sealed segments settle into the bucket, through whatever the bucket does. */
class OffloadTest {

    @ParameterizedTest
    @ValueSource(ints = {2, 6})
    void aLogWrittenAnewOnALostDiskIsNeverTakenForTheOneInTheColdTier(int segments) {
        SimObjectStore bucket = bucketWithSegments(4);
        try (TieredRig rig = new TieredRig(Views.coldOnly())) {
            rig.objects = bucket;
            rig.objects.inject(SimFault.outage());
            rig.start();
            rig.segments(segments);
            rig.objects.clearFaults();
            rig.awaitOpened();
            rig.roundsUntil("stopped", 1_000, () -> rig.log.offlineReason().isPresent());
            rig.round();
            rig.round();
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).as("the only copy of what was acknowledged since").isZero();
            assertThat(rig.onLoop(() -> rig.log.read(0, 1_000, 100, true))).isInstanceOf(TieredRead.Offline.class);
            assertThat(rig.state()).isInstanceOf(OffloadState.Stopped.class);
        }
    }

    private static SimObjectStore bucketWithSegments(int count) {
        TieredRig before = TieredRig.started(Views.coldOnly());
        before.segments(count);
        before.awaitOffloaded(12L * count);
        before.stop();
        return before.objects;
    }

    @Test
    void sealedSegmentsAreOffloadedLeaveTheDiskAndReadBackByteForByte() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segments(6);
            long boundary = rig.onLoop(rig.hot::logEndOffset);
            rig.append();
            rig.awaitDurable();
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == boundary);

            assertThat(rig.onLoop(rig.log::logStartOffset)).isZero();
            assertThat(rig.segmentObjects()).isEqualTo(6);
            Replay replay = Replay.of(rig, 5_000);
            assertThat(replay.coldReads).isGreaterThan(6);
            assertThat(replay.hotReads).isPositive();
            assertThat(rig.meter("firn.offload.segments")).isEqualTo(6);
            assertThat(rig.meter("firn.offload.lag.segments")).isZero();
            assertThat(rig.meter("firn.local.deleted.bytes")).isPositive();
        }
    }

    @Test
    void theActiveSegmentAndWhatIsNotCommittedStayLocal() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long first = rig.segment(4);
            rig.commitLimit = first + 1;
            rig.segment(4);
            rig.awaitOffloaded(first);
            rig.round();
            rig.round();
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(first - 1);
            rig.commitLimit = Long.MAX_VALUE;
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
        }
    }

    @Test
    void duringAnOutageNothingLocalIsDeletedAndOffloadCatchesUpByItselfAfterwards() {
        try (TieredRig rig = TieredRig.started(Views.total(Views.local(Views.config(), 0, 0), 1_000, 0))) {
            rig.segments(2);
            rig.awaitOpened();
            rig.objects.inject(SimFault.outage());
            rig.segments(4);
            rig.roundsUntil("a few failed attempts", 1_000, () -> rig.meter("firn.offload.failures") >= 5);
            long tiered = rig.onLoop(rig.log::latestTieredOffset) + 1;
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isLessThanOrEqualTo(tiered);
            rig.roundsUntil("said to be waiting", 100, () -> rig.meter("firn.offload.waiting.partitions") == 1);
            assertThat(rig.meter("firn.offload.lag.segments")).isGreaterThanOrEqualTo(4);
            rig.append();

            rig.objects.clearFaults();
            rig.roundsUntil("caught up", 1_000, () -> rig.log.latestTieredOffset() == 71);
            rig.roundsUntil("no longer waiting", 100, () -> rig.meter("firn.offload.waiting.partitions") == 0);
        }
    }

    @Test
    void attemptsDuringALongOutageAreFewAndNeverTight() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.awaitOpened();
            rig.objects.inject(SimFault.outage());
            rig.segment(4);
            for (int second = 0; second < 3_600; second++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            // Doubling from 1 s to 60 s less a fifth at most: within an hour six attempts to reach a minute, then one a minute.
            assertThat(rig.meter("firn.offload.failures")).isBetween(10.0, 85.0);
        }
    }

    @Test
    void single503sLostRepliesAndLostRequestsAreOvercome() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.objects.inject(SimFault.failing(2));
            rig.segments(2);
            rig.objects.inject(SimFault.losingReply(2).on(Operation.PUT));
            rig.objects.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
            rig.objects.inject(SimFault.losingRequest(1).on(Operation.PUT_IF_ABSENT));
            rig.objects.inject(SimFault.cuttingBody(1));
            rig.segments(2);
            long boundary = rig.onLoop(rig.hot::logEndOffset);
            rig.roundsUntil("offloaded", 5_000, () -> rig.log.latestTieredOffset() == boundary - 1);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == boundary);
            assertThat(Replay.of(rig, 100_000).coldReads).isEqualTo(4);
        }
    }

    @Test
    void aBodyCutShortDuringReplayIsARetriableErrorOrIsOvercomeNeverWrongBytes() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long boundary = rig.segment(8);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == boundary);
            rig.objects.inject(SimFault.outage().on(Operation.GET, Operation.GET_SMALL, Operation.HEAD));
            TieredRead read = rig.onLoop(() -> rig.log.read(0, 100_000, boundary, true));
            assertThat(rig.failure(((TieredRead.Cold) read).read())).isInstanceOf(io.firn.cold.ColdStoreException.Unavailable.class);
            rig.objects.clearFaults();
            Replay.of(rig, 100_000);
        }
    }

    @Test
    void aLocalSegmentThatCannotBeReadStopsThePartitionsOffloadAndKeepsEverythingLocal() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.awaitOpened();
            rig.segments(2);
            rig.disk.fail(SimDisk.Op.READ, path -> path.toString().endsWith(".log"), Integer.MAX_VALUE, new IOException("medium error"));
            rig.roundsUntil("stopped", 1_000, () -> rig.meter("firn.offload.stopped.partitions") == 1);
            assertThat(rig.state()).isInstanceOf(OffloadState.Stopped.class);
            rig.disk.clearFaults();
            for (int i = 0; i < 100; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isZero();
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(-1);
            Replay.of(rig, 10_000);
        }
    }

    @Test
    void aNewerLeaderFencesThisOne() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segment(4);
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
            TieredRig other = new TieredRig(Views.coldOnly());
            other.objects = rig.objects.reopened();
            other.leaderEpoch = 2;
            other.startStores();
            var newer = other.get(other.cold.openLog(TieredRig.PARTITION, 2));
            rig.segment(4);
            var segment = rig.onLoop(() -> rig.hot.sealedSegments(Long.MAX_VALUE)).stream().filter(s -> s.baseOffset() == newer.endOffset()).findFirst().orElseThrow();
            other.get(newer.append(new SealedSource(segment)));

            rig.segment(4);
            rig.roundsUntil("stopped", 1_000, () -> rig.meter("firn.offload.stopped.partitions") == 1);
            assertThat(rig.meter("firn.offload.failures")).isGreaterThanOrEqualTo(1);
            other.close();
        }
    }

    @Test
    void theRateBoundHoldsBackTheNextSegmentNotTheDisk() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 1_000, 0, rig.usableBytes::get);
        rig.start();
        try (rig) {
            rig.awaitOpened();
            rig.segments(3);
            rig.roundsUntil("first", 0, () -> rig.log.latestTieredOffset() == 11);
            for (int i = 0; i < 5; i++) {
                rig.round();
            }
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).as("no time has passed").isEqualTo(11);
            rig.clock.advanceMs(60_000);
            rig.roundsUntil("second", 0, () -> rig.log.latestTieredOffset() == 23);
        }
    }

    @Test
    void aSegmentThatWaitsForItsTurnWhenTieringIsSwitchedOffStays() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 1_000, 0, rig.usableBytes::get);
        rig.start();
        try (rig) {
            rig.awaitOpened();
            rig.segments(2);
            rig.roundsUntil("first", 0, () -> rig.log.latestTieredOffset() == 11);
            assertThat(rig.state()).isInstanceOf(OffloadState.Queued.class);
            rig.reconfigure(Views.untiered());
            rig.clock.advanceMs(60_000);
            rig.until("the turn was given back", 0, () -> rig.state() instanceof OffloadState.Idle);
            for (int i = 0; i < 5; i++) {
                rig.round();
            }
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(11);
        }
    }

    @Test
    void anIdlePartitionMakesNoRequests() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segment(4);
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
            int before = rig.objects.requests();
            for (int i = 0; i < 100; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(rig.objects.requests()).isEqualTo(before);
        }
    }

    @Test
    void anUntieredTopicNeverAsksTheBucket() {
        try (TieredRig rig = TieredRig.started(Views.untiered())) {
            rig.segments(2);
            rig.round();
            rig.round();
            assertThat(rig.objects.requests()).isZero();
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(-1);
            assertThat(rig.onLoop(rig.hot::logStartOffset)).isZero();
        }
    }

    @Test
    void anUntieredCompactedTopicAsksTheBucketOnceBeforeItIsCompacted() {
        try (TieredRig rig = TieredRig.started(Views.untiered(Views.compacted(false)))) {
            for (int i = 0; i < 5; i++) {
                rig.round();
            }
            assertThat(rig.objects.requests()).isZero();
            rig.segments(2);
            rig.roundsUntil("compacted", 5_000, () -> rig.hot.cleanTo() == rig.hot.logEndOffset());
            int requests = rig.objects.requests();
            assertThat(requests).isPositive();
            rig.segments(6);
            rig.roundsUntil("compacted again", 5_000, () -> rig.hot.cleanTo() == rig.hot.logEndOffset());
            assertThat(rig.objects.requests()).isEqualTo(requests);
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(-1);
            assertThat(rig.log.cold()).isEmpty();
        }
    }

    @Test
    void tieringIsSwitchedOnAndOffAtRunTime() {
        try (TieredRig rig = TieredRig.started(Views.untiered())) {
            long first = rig.segment(4);
            rig.round();
            rig.reconfigure(Views.coldOnly());
            rig.awaitOffloaded(first);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == first);
            rig.reconfigure(Views.untiered());
            rig.segment(4);
            rig.round();
            rig.round();
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(first - 1);
            assertThat(Replay.of(rig, 100_000).coldReads).isPositive();
            rig.reconfigure(Views.coldOnly());
            rig.awaitOffloaded(rig.onLoop(rig.hot::logEndOffset));
        }
    }

    @Test
    void belowTheLocalStartReadsAreUnavailableUntilTheColdLogIsOpen() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            long boundary = rig.segment(4);
            rig.awaitOffloaded(boundary);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == boundary && rig.meter("firn.local.deleted.bytes") > 0);
            rig.kill(false);
            SimFault outage = rig.objects.inject(SimFault.outage());
            rig.start();
            rig.round();
            assertThat(rig.onLoop(() -> rig.log.read(0, 1_000, boundary, true))).isInstanceOf(TieredRead.Unavailable.class);
            assertThat(rig.failure(rig.onLoop(() -> rig.log.offsetForTimestamp(0, boundary)))).isInstanceOf(io.firn.cold.ColdStoreException.Unavailable.class);
            assertThat(rig.onLoop(() -> rig.log.read(boundary, 1_000, boundary, true))).isInstanceOf(TieredRead.AtEnd.class);
            rig.append();
            rig.objects.clearFaults();
            assertThat(outage.heldCount()).isZero();
            rig.awaitOpened();
            Replay.of(rig, 1_000);
        }
    }

    @Test
    void anEmptyDiskUnderAColdHistoryIsTakenOutOfService() {
        TieredRig old = TieredRig.started(Views.coldOnly());
        old.segments(2);
        old.awaitOffloaded(24);
        old.stop();
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.objects = old.objects;
        rig.start();
        try (rig) {
            rig.awaitOpened();
            assertThat(rig.onLoop(rig.log::offlineReason)).hasValueSatisfying(reason -> assertThat(reason).contains("24"));
            assertThat(rig.onLoop(() -> rig.log.read(0, 1_000, 24, true))).isInstanceOf(TieredRead.Offline.class);
            rig.roundsUntil("said to be stopped", 100, () -> rig.meter("firn.offload.stopped.partitions") == 1);
        }
    }
}
