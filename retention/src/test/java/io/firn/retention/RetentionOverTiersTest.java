package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdStoreException;
import io.firn.cold.DeadTopics;
import io.firn.cold.sim.SimFault;
import io.firn.hot.HotLogConfig;
import io.firn.hot.SealedSegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** DeleteRecords, total and local retention, and the disk watermark, on real logs. */
class RetentionOverTiersTest {

    @Test
    void deleteRecordsDropsWholeColdSegmentsAndSurvivesARestart() {
        try (TieredRig rig = settled(4)) {
            long start = rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(30)));
            assertThat(start).isEqualTo(30);
            assertThat(rig.onLoop(() -> rig.log.read(29, 1_000, 100, true))).isInstanceOf(TieredRead.OutOfRange.class);
            rig.kill(false);
            rig.start();
            assertThat(rig.onLoop(rig.log::logStartOffset)).isEqualTo(30);
            rig.roundsUntil("two segments left", 60_000, () -> rig.log.cold().isPresent() && rig.log.cold().get().startOffset() == 24);
            new Replay(rig).everythingFrom(30, 100_000);
        }
    }

    @Test
    void deleteRecordsPastTheTierBoundaryEmptiesTheColdTierAndOffloadGoesOnBehindIt() {
        try (TieredRig rig = settled(2)) {
            rig.commitLimit = rig.onLoop(rig.hot::logEndOffset);
            rig.segments(2);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(37)));
            rig.commitLimit = Long.MAX_VALUE;
            rig.segments(1);
            rig.awaitOffloaded(60);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 60);
            new Replay(rig).everythingFrom(37, 100_000);
            assertThat(rig.onLoop(() -> rig.log.cold().get().startOffset())).isEqualTo(36);
        }
    }

    @Test
    void whatAFormerLeaderDropsBeforeItIsFencedTakesTheLogStartWithIt() {
        try (TieredRig rig = settled(3)) {
            rig.leaderEpoch = 3;
            rig.kill(false);
            AtomicInteger creates = new AtomicInteger();
            SimFault claim = rig.objects.inject(SimFault.holdingRequests().on(SimFault.Operation.PUT_IF_ABSENT).forKeys(key -> key.contains("/manifest/") && creates.getAndIncrement() == 0));
            rig.start();
            rig.roundsUntil("about to be fenced", 100, () -> claim.heldCount() == 1);
            ColdLog former = rig.get(rig.cold.openLog(TieredRig.PARTITION, 2));
            long kept = former.outline().get(1).baseOffset();
            rig.get(former.deleteBefore(kept));
            claim.release();
            rig.await("the log start follows", () -> rig.log.logStartOffset() == kept);
            assertThat(rig.onLoop(() -> rig.log.read(kept, 1_000, Long.MAX_VALUE, true))).isInstanceOf(TieredRead.Cold.class);
        }
    }

    /** What it leads may be in the cold tier alone, and its followers wait to delete their copies. */
    @Test
    void aLeaderThatHasNothingToDeleteShutsOutEarlierOnesToo() {
        try (TieredRig rig = settled(3)) {
            rig.leaderEpoch = 3;
            rig.restart(false);
            rig.roundsUntil("claimed", 100, () -> rig.log.isColdClaimed());
            ColdLog former = rig.get(rig.cold.openLog(TieredRig.PARTITION, 2));
            assertThat(rig.failure(former.deleteBefore(24))).isInstanceOf(ColdStoreException.Fenced.class);
            int requests = rig.objects.requests();
            rig.round();
            rig.round();
            assertThat(rig.objects.requests()).as("once a leadership").isEqualTo(requests);
            new Replay(rig).everythingFrom(0, 100_000);
        }
    }

    @Test
    void retentionByTimeAdvancesTheLogStartOverTheColdTier() {
        try (TieredRig rig = TieredRig.started(Views.local(Views.total(Views.config(), TieredRig.AGES, -1), 0, -1))) {
            rig.segment(4);
            rig.awaitOffloaded(12);
            rig.clock.advanceMs(TieredRig.AGES);
            rig.segment(4);
            rig.awaitOffloaded(24);
            rig.roundsUntil("first segment expired", 1_000, () -> rig.log.logStartOffset() == 12);
            rig.roundsUntil("dropped", 1_000, () -> rig.log.cold().get().startOffset() == 12);
            new Replay(rig).everythingFrom(12, 100_000);
            rig.clock.advanceMs(2 * TieredRig.AGES);
            rig.roundsUntil("all expired", 1_000, () -> rig.log.logStartOffset() == 24);
            rig.roundsUntil("cold tier empty", 1_000, () -> rig.log.cold().get().sizeBytes() == 0);
            assertThat(rig.onLoop(rig.log::latestTieredOffset)).isEqualTo(23);
            rig.segment(4);
            rig.awaitOffloaded(36);
        }
    }

    @Test
    void retentionBySizeCountsBothTiersOnce() {
        try (TieredRig rig = settled(6)) {
            long sizeBytes = rig.onLoop(rig.log::sizeBytes);
            assertThat(sizeBytes).isEqualTo(rig.written.values().stream().mapToLong(b -> b.length).sum());
            rig.reconfigure(Views.total(Views.coldOnly(), -1, sizeBytes / 2));
            rig.roundsUntil("half of it gone", 100, () -> rig.log.logStartOffset() == 36 && rig.log.cold().get().startOffset() == 36);
            new Replay(rig).everythingFrom(36, 100_000);
            rig.round();
            rig.round();
            assertThat(rig.onLoop(rig.log::logStartOffset)).isEqualTo(36);
        }
    }

    @Test
    void anUntieredTopicIsDeletedLocallyByTimeAndSize() {
        try (TieredRig rig = TieredRig.started(Views.total(Views.untiered(), 100_000, -1))) {
            rig.segments(2);
            rig.clock.advanceMs(100_001);
            rig.segments(2);
            rig.roundsUntil("two gone", 0, () -> rig.hot.localLogStartOffset() == 24);
            rig.reconfigure(Views.total(Views.untiered(), -1, 0));
            rig.roundsUntil("all sealed gone", 0, () -> rig.log.logStartOffset() == 48);
            assertThat(rig.objects.requests()).isZero();
        }
    }

    @Test
    void aDiskBelowItsWatermarkRefusesProduceAndTakesCommittedLocalCopiesEarly() {
        TieredRig rig = new TieredRig(Views.local(Views.config(), -1, -1));
        rig.workerConfig = new RetentionConfig(1_000, 0, 10_000, rig.usableBytes::get);
        rig.usableBytes.set(1_000_000);
        rig.start();
        try (rig) {
            rig.segments(4);
            rig.awaitOffloaded(48);
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isZero();
            rig.usableBytes.set(19_000);
            rig.roundsUntil("one segment gone early", 0, () -> rig.hot.localLogStartOffset() == 12);
            rig.round();
            rig.round();
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).as("no more than wanted").isEqualTo(12);
            assertThat(rig.worker.rejectsProduce()).isFalse();

            rig.usableBytes.set(9_999);
            rig.round();
            assertThat(rig.worker.rejectsProduce()).isTrue();
            assertThat(rig.meter("firn.disk.rejects.produce")).isEqualTo(1);
            rig.usableBytes.set(12_499);
            rig.round();
            assertThat(rig.worker.rejectsProduce()).isTrue();
            rig.usableBytes.set(30_000);
            rig.round();
            assertThat(rig.worker.rejectsProduce()).isFalse();
            // The local start moves before the files are gone; they are counted after.
            rig.roundsUntil("the early bytes are counted", 0, () -> rig.meter("firn.local.deleted.early.bytes") > 0);
            Replay.of(rig, 100_000);
        }
    }

    @Test
    void theWatermarkNeverTakesWhatIsNotInTheColdTier() {
        TieredRig rig = new TieredRig(Views.config());
        rig.workerConfig = new RetentionConfig(1_000, 0, 10_000, () -> 0);
        rig.objects.inject(SimFault.outage());
        rig.start();
        try (rig) {
            rig.segments(2);
            for (int i = 0; i < 20; i++) {
                rig.round();
                rig.clock.advanceMs(5_000);
            }
            assertThat(rig.worker.rejectsProduce()).isTrue();
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isZero();
            Replay.of(rig, 100_000);
        }
    }

    @Test
    void deletingATopicDeletesItsObjectsAsSoonAsTheBucketAllows() {
        try (TieredRig rig = settled(3)) {
            rig.objects.inject(SimFault.outage());
            rig.get(rig.worker.detach(rig.log, true));
            rig.get(rig.hotStore.delete(TieredRig.PARTITION));
            for (int i = 0; i < 5; i++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(rig.segmentObjects()).isEqualTo(3);
            assertThat(rig.meter("firn.cold.deletions.pending")).isEqualTo(1);
            rig.objects.clearFaults();
            rig.until("objects gone", 10_000, () -> rig.segmentObjects() == 0 && rig.meter("firn.cold.deletions.pending") == 0);
        }
    }

    @Test
    void nothingOfADeletedTopicGoesBeforeItIsCertainThatItIsNotRestored() {
        try (TieredRig rig = settled(3)) {
            Burials burials = new Burials();
            rig.worker.sweepTopics(burials);
            rig.get(rig.worker.detach(rig.log, true));
            rig.until("asked", 10_000, () -> burials.asked.size() == 1);
            burials.asked.get(0).completeExceptionally(new IllegalStateException("no majority"));
            rig.until("asked again", 10_000, () -> burials.asked.size() == 2);
            assertThat(rig.segmentObjects()).isEqualTo(3);
            assertThat(rig.meter("firn.cold.deletions.pending")).isEqualTo(1);
            burials.asked.get(1).complete(Map.of(TieredRig.PARTITION.topicId(), new DeadTopics.Grave(7, 1)));
            rig.until("objects gone", 10_000, () -> rig.segmentObjects() == 0 && rig.meter("firn.cold.deletions.pending") == 0);
        }
    }

    /** Its deletion was tried in vain until then. */
    @Test
    void aTopicThatWasRestoredIsNotDeletedAnyMore() {
        try (TieredRig rig = settled(3)) {
            Burials burials = new Burials();
            rig.worker.sweepTopics(burials);
            rig.get(rig.worker.detach(rig.log, true));
            rig.until("asked", 10_000, () -> burials.asked.size() == 1);
            burials.asked.get(0).complete(Map.of());
            rig.until("given up", 10_000, () -> rig.meter("firn.cold.deletions.pending") == 0);
            assertThat(rig.segmentObjects()).isEqualTo(3);
            rig.log = rig.onLoop(() -> rig.worker.attach(rig.hot, rig.config, 5, rig.log.loop(), rig.hot::durableOffset));
            rig.awaitOffloaded(rig.segment(4));
            new Replay(rig).everythingFrom(0, 100_000);
        }
    }

    /** A cluster that takes its time to agree. */
    private static final class Burials implements TopicCensus {
        final List<CompletableFuture<Map<Uuid, DeadTopics.Grave>>> asked = new CopyOnWriteArrayList<>();

        @Override
        public boolean inCharge() {
            return false;
        }

        @Override
        public boolean exists(Uuid topicId) {
            return false;
        }

        @Override
        public Optional<DeadTopics.Grave> deleted(Uuid topicId) {
            return Optional.empty();
        }

        @Override
        public CompletableFuture<Map<Uuid, DeadTopics.Grave>> bury(List<Uuid> topicIds) {
            CompletableFuture<Map<Uuid, DeadTopics.Grave>> answer = new CompletableFuture<>();
            asked.add(answer);
            return answer;
        }
    }

    @Test
    void detachingDoesNotWaitForTheBucketAndTheObjectsOfALateUploadAreDeletedToo() {
        try (TieredRig rig = settled(1)) {
            SimFault slow = rig.objects.inject(SimFault.holdingRequests().on(SimFault.Operation.PUT));
            rig.segment(4);
            rig.roundsUntil("uploading", 100, () -> slow.heldCount() == 1);
            rig.get(rig.worker.detach(rig.log, true));
            rig.get(rig.hotStore.delete(TieredRig.PARTITION));
            rig.round();
            assertThat(rig.segmentObjects()).isEqualTo(1);
            slow.release();
            rig.until("objects gone", 10_000, () -> rig.segmentObjects() == 0);
        }
    }

    @Test
    void detachingWithoutDeletionLeavesTheObjectsAndReattachingGoesOn() {
        try (TieredRig rig = settled(2)) {
            rig.get(rig.worker.detach(rig.log, false));
            rig.segment(4);
            rig.round();
            assertThat(rig.segmentObjects()).isEqualTo(2);
            rig.log = rig.onLoop(() -> rig.worker.attach(rig.hot, rig.config, 2, rig.log.loop(), rig.hot::durableOffset));
            rig.awaitOffloaded(36);
            Replay.of(rig, 100_000);
        }
    }

    // remote.log.copy.disable

    @Test
    void withCopyingDisabledNothingMoreIsOffloadedNorLocallyDeletedAndTheColdTierStillServes() {
        try (TieredRig rig = settled(3)) {
            rig.reconfigure(Views.copyDisabled(Views.coldOnly()));
            rig.segments(2);
            rig.round();
            rig.round();
            assertThat(rig.segmentObjects()).isEqualTo(3);
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isEqualTo(36);
            Replay.of(rig, 100_000);
            rig.kill(false);
            rig.start();
            rig.awaitOpened();
            Replay.of(rig, 100_000);

            rig.reconfigure(Views.coldOnly());
            rig.awaitOffloaded(60);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 60);
            Replay.of(rig, 100_000);
        }
    }

    @Test
    void withCopyingDisabledTotalRetentionEndsTheOldestOfBothTiersFirst() {
        try (TieredRig rig = settled(3)) {
            rig.reconfigure(Views.copyDisabled(Views.coldOnly()));
            rig.segments(3);
            long sizeBytes = rig.onLoop(rig.log::sizeBytes);
            rig.reconfigure(Views.copyDisabled(Views.total(Views.config(), -1, sizeBytes / 6)));
            rig.roundsUntil("all cold and two local segments gone", 100, () -> rig.log.logStartOffset() == 60 && rig.hot.localLogStartOffset() == 60);
            rig.roundsUntil("cold tier empty", 100, () -> rig.log.cold().get().sizeBytes() == 0);
            new Replay(rig).everythingFrom(60, 100_000);
        }
    }

    // remote.log.delete.on.disable

    @Test
    void tieringSwitchedOffWithItsDataStartsTheLogOnTheLocalDiskAndEmptiesTheBucket() {
        try (TieredRig rig = settled(3)) {
            rig.reconfigure(Views.local(Views.config(), -1, -1));
            rig.segments(2);
            rig.awaitOffloaded(60);
            rig.reconfigure(Views.coldDeleted(Views.config()));
            rig.roundsUntil("the log starts locally", 100, () -> rig.log.logStartOffset() == 36);
            rig.roundsUntil("the manifest names no segment", 100, () -> rig.log.cold().get().sizeBytes() == 0);
            rig.until("objects gone", 60_000, () -> rig.segmentObjects() == 0);
            new Replay(rig).everythingFrom(36, 100_000);
        }
    }

    @Test
    void tieringSwitchedOnAgainNeverTakesWhatOnlyTheLocalDiskHas() {
        try (TieredRig rig = settled(1)) {
            rig.reconfigure(Views.local(Views.config(), -1, -1));
            rig.segments(2);
            rig.awaitOffloaded(36);
            rig.reconfigure(Views.coldDeleted(Views.config()));
            rig.roundsUntil("the cold tier is empty", 100, () -> rig.log.logStartOffset() == 12 && rig.log.cold().get().sizeBytes() == 0);

            rig.reconfigure(Views.coldOnly());
            rig.segments(1);
            rig.awaitOffloaded(48);
            for (int i = 0; i < 5; i++) {
                rig.round();
            }
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isEqualTo(12);
            new Replay(rig).everythingFrom(12, 100_000);
            rig.kill(false);
            rig.start();
            rig.awaitOpened();
            new Replay(rig).everythingFrom(12, 100_000);
            long sizeBytes = rig.onLoop(rig.log::sizeBytes);
            assertThat(sizeBytes).as("each record counts once").isEqualTo(rig.onLoop(rig.hot::sizeBytes));

            rig.reconfigure(Views.total(Views.coldOnly(), -1, sizeBytes / 3));
            rig.roundsUntil("only the last segment is left", 100, () -> rig.log.logStartOffset() == 36);
            new Replay(rig).everythingFrom(36, 100_000);
        }
    }

    @Test
    void localCopiesStayWhenTieringIsSwitchedOnAgainWhileTheBucketIsBeingEmptied() {
        try (TieredRig rig = settled(1)) {
            SimFault slow = emptying(rig, SimFault.holdingRequests());
            rig.roundsUntil("the emptying is on its way", 100, () -> slow.heldCount() == 1);
            switchedOnAgain(rig, slow::release);
        }
    }

    @Test
    void localCopiesStayWhenTieringIsSwitchedOnAgainAndNobodyKnowsWhetherTheBucketWasEmptied() {
        try (TieredRig rig = settled(1)) {
            emptying(rig, SimFault.losingReply(1));
            rig.until("the emptying has failed", 0, () -> rig.state() instanceof OffloadState.Waiting);
            switchedOnAgain(rig, () -> rig.objects.clearFaults());
        }
    }

    /** By then another leader may have offloaded what this one wanted to drop, and its followers may have no local copies any more. */
    @Test
    void aDropThatWasBegunInAnEarlierLeadershipIsNotRepeated() {
        try (TieredRig rig = settled(1)) {
            emptying(rig, SimFault.outage());
            rig.until("the emptying has failed", 0, () -> rig.state() instanceof OffloadState.Waiting);
            ledAnewWithTieringOn(rig);
            rig.objects.clearFaults();
            rig.segments(1);
            rig.awaitOffloaded(48);
            assertThat(rig.log.cold().get().startOffset()).isEqualTo(12);
            new Replay(rig).everythingFrom(12, 100_000);
        }
    }

    /** Its request was on the way, or it was stopped before it sent it, when another one began to lead. */
    @Test
    void aFormerLeadersEmptyingThatArrivesWhenTieringIsOnAgainTakesNothingThatLocalCopiesWereDeletedFor() {
        formerLeadersEmptyingArrives(RetentionOverTiersTest::ledAnewWithTieringOn);
    }

    @Test
    void norWhenTheNewLeaderWasStartedAnewMeanwhile() {
        formerLeadersEmptyingArrives(rig -> startedAnewWithTieringOn(rig, 9));
    }

    /** A single broker keeps its epoch. Of the process that died nothing but what it has sent arrives. */
    @Test
    void norWhenTheVeryLeaderWasStartedAnewUnderTheSameEpoch() {
        formerLeadersEmptyingArrives(rig -> {
            rig.objects.inject(SimFault.outage());
            startedAnewWithTieringOn(rig, rig.leaderEpoch);
        });
    }

    private static void formerLeadersEmptyingArrives(Consumer<TieredRig> successor) {
        try (TieredRig rig = settled(1)) {
            SimFault late = emptyingOnItsWay(rig);
            successor.accept(rig);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 36);
            late.release();
            offloadsOnAndHasAll(rig);
        }
    }

    /** One of which nobody knows yet that it will lead: its copies are what there is then. */
    @Test
    void aFollowerDeletesNoLocalCopyBeforeItsLeaderHasShutOutEarlierOnes() {
        try (TieredRig rig = settled(1)) {
            SimFault late = emptyingOnItsWay(rig);
            rig.config = Views.coldOnly();
            rig.kill(false);
            rig.startFollowing(8);
            rig.roundsUntil("it has looked again and again", Offloader.BOUNDARY_EVERY_MS, () -> rig.objects.requests(SimFault.Operation.LIST) > 5 || rig.hot.localLogStartOffset() > 12);
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isEqualTo(12);
            late.release();
            leads(rig, 9);
            offloadsOnAndHasAll(rig);
        }
    }

    /** It has led itself, and was to empty the cold tier. */
    @Test
    void aFollowersLocalCopiesGoWhenItsLeaderHasShutOutEarlierOnes() {
        try (TieredRig rig = settled(1)) {
            SimFault late = emptyingOnItsWay(rig);
            rig.onLoop(() -> {
                followsWithTieringOn(rig);
                return null;
            });
            rig.get(rig.get(rig.cold.openLog(TieredRig.PARTITION, 8)).claim());
            rig.roundsUntil("local copies gone", 1_000, () -> rig.hot.localLogStartOffset() == 36);
            late.release();
            leads(rig, 9);
            offloadsOnAndHasAll(rig);
        }
    }

    private static SimFault emptyingOnItsWay(TieredRig rig) {
        AtomicInteger creates = new AtomicInteger();
        SimFault late = emptying(rig, SimFault.holdingRequests().forKeys(key -> creates.getAndIncrement() == 0));
        rig.roundsUntil("the emptying is on its way", 100, () -> late.heldCount() == 1);
        return late;
    }

    private static void offloadsOnAndHasAll(TieredRig rig) {
        rig.segments(1);
        rig.awaitOffloaded(48);
        assertThat(rig.onLoop(rig.log::logStartOffset)).isEqualTo(12);
        new Replay(rig).everythingFrom(12, 100_000);
    }

    private static void startedAnewWithTieringOn(TieredRig rig, int leaderEpoch) {
        rig.config = Views.coldOnly();
        rig.leaderEpoch = leaderEpoch;
        rig.restart(false);
    }

    /** At one moment, as what follows: a leader that still had the old settings would empty the cold tier itself. */
    private static void ledAnewWithTieringOn(TieredRig rig) {
        rig.onLoop(() -> {
            followsWithTieringOn(rig);
            rig.log.lead(9);
            return null;
        });
    }

    private static void followsWithTieringOn(TieredRig rig) {
        rig.config = Views.coldOnly();
        rig.log.follow(8);
        rig.log.reconfigure(Views.coldOnly());
    }

    private static void leads(TieredRig rig, int leaderEpoch) {
        rig.onLoop(() -> {
            rig.log.lead(leaderEpoch);
            return null;
        });
    }

    /** Two segments are in both tiers, tiering is off with its data, and the manifest that says so meets {@code fault}. */
    private static SimFault emptying(TieredRig rig, SimFault fault) {
        rig.reconfigure(Views.local(Views.config(), -1, -1));
        rig.segments(2);
        rig.awaitOffloaded(36);
        rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(12)));
        rig.until("only what is in both tiers is left", 100, () -> rig.log.cold().get().startOffset() == 12 && rig.state() instanceof OffloadState.Idle);
        SimFault injected = rig.objects.inject(fault.on(SimFault.Operation.PUT_IF_ABSENT));
        rig.reconfigure(Views.coldDeleted(Views.config()));
        return injected;
    }

    private static void switchedOnAgain(TieredRig rig, Runnable mended) {
        rig.reconfigure(Views.coldOnly());
        for (int i = 0; i < 3; i++) {
            rig.round();
        }
        assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isEqualTo(12);
        mended.run();
        rig.segments(1);
        rig.awaitOffloaded(48);
        rig.roundsUntil("the cold tier has been begun anew", 100, () -> rig.log.cold().get().startOffset() == 36);
        new Replay(rig).everythingFrom(12, 100_000);
    }

    @Test
    void anOutageHoldsUpTheEmptyingOfTheBucketAndNothingElse() {
        try (TieredRig rig = settled(2)) {
            rig.objects.inject(SimFault.outage());
            rig.reconfigure(Views.coldDeleted(Views.config()));
            rig.roundsUntil("the log starts locally", 100, () -> rig.log.logStartOffset() == 24);
            rig.kill(false);
            rig.start();
            rig.segment(2);
            rig.objects.clearFaults();
            rig.roundsUntil("the manifest names no segment", 10_000, () -> rig.log.cold().isPresent() && rig.log.cold().get().sizeBytes() == 0 && rig.log.latestTieredOffset() == 23);
            new Replay(rig).everythingFrom(24, 100_000);
        }
    }

    // The time of records

    @Test
    void aSegmentWithARecordFromTheFutureIsKeptUntilThatIsOldAsKafkaDoes() {
        try (TieredRig rig = TieredRig.started(Views.total(Views.untiered(), 100_000, -1))) {
            rig.append(rig.clock.millis() + 500_000);
            rig.segments(1);
            rig.clock.advanceMs(400_000);
            rig.segments(1);
            rig.round();
            assertThat(rig.onLoop(rig.log::logStartOffset)).isZero();
            rig.clock.advanceMs(200_001);
            rig.roundsUntil("the future has passed", 0, () -> rig.log.logStartOffset() > 0);
        }
    }

    @Test
    void underLogAppendTimeTheBrokersTimeCountsAndNotThatOfTheRecords() {
        HotLogConfig d = HotLogConfig.DEFAULT;
        TieredLogConfig stamped = new TieredLogConfig(new HotLogConfig(d.segmentBytes(), d.segmentMs(), d.segmentJitterMs(), d.segmentIndexBytes(), d.indexIntervalBytes(), d.maxMessageBytes(), true,
                d.timestampBeforeMaxMs(), d.timestampAfterMaxMs(), false), false, true, 100_000, -1, -2, -2);
        try (TieredRig rig = TieredRig.started(stamped)) {
            rig.append(1);
            rig.seal();
            rig.segments(1);
            rig.round();
            assertThat(rig.onLoop(rig.log::logStartOffset)).as("records of 1970 that came just now").isZero();
            rig.clock.advanceMs(100_001);
            rig.segments(1);
            rig.roundsUntil("they came too long ago", 0, () -> rig.log.logStartOffset() > 0);
        }
    }

    /** A rig with so many segments in the cold tier and only the active one on disk. */
    private static TieredRig settled(int segments) {
        TieredRig rig = TieredRig.started(Views.coldOnly());
        rig.segments(segments);
        long boundary = rig.onLoop(rig.hot::logEndOffset);
        long bytes = rig.onLoop(() -> rig.hot.sealedSegments(Long.MAX_VALUE).stream().mapToLong(SealedSegment::sizeBytes).sum());
        rig.awaitOffloaded(boundary);
        rig.roundsUntil("local copies gone, from the disk too", 100, () -> rig.hot.localLogStartOffset() == boundary && rig.meter("firn.local.deleted.bytes") >= bytes);
        return rig;
    }
}
