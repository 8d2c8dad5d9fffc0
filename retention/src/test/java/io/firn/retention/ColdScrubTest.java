package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStretch;
import io.firn.cold.DeadTopics;
import io.firn.cold.Sweeps;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** What is looked for in the bucket, how often, at what rate, and what is done about what is found. */
class ColdScrubTest {

    private static final long SWEEP_MS = 60_000;
    private static final long SCRUB_MS = 600_000;
    private static final long RATE = 1 << 30;

    private static TieredRig rig(TieredLogConfig config, ScrubConfig scrub) {
        TieredRig rig = new TieredRig(config);
        configure(rig, scrub);
        rig.deleteGraceMs = TieredRig.AGES;
        rig.start();
        return rig;
    }

    private static void configure(TieredRig rig, ScrubConfig scrub) {
        rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, scrub);
    }

    private static ScrubConfig scrubbing() {
        return new ScrubConfig(SWEEP_MS, 0, SCRUB_MS, RATE);
    }

    /** Local copies stay. */
    private static TieredLogConfig both() {
        return Views.local(Views.config(), -1, -1);
    }

    private static long fill(TieredRig rig, int segments) {
        rig.segments(segments);
        long end = rig.onLoop(rig.hot::logEndOffset);
        rig.awaitOffloaded(end);
        return end;
    }

    private static List<ColdSegment> segments(TieredRig rig) {
        ColdLog cold = rig.onLoop(() -> rig.log.cold().orElseThrow());
        ArrayList<ColdSegment> all = new ArrayList<>();
        for (long from = cold.startOffset(); from < cold.endOffset(); from = all.get(all.size() - 1).nextOffset()) {
            all.addAll(rig.get(cold.segmentsFrom(from, 100)));
        }
        return all;
    }

    private static void round(TieredRig rig) {
        double before = rig.meter("firn.cold.scrub.rounds");
        rig.roundsUntil("read through", 10_000, () -> rig.meter("firn.cold.scrub.rounds") > before);
    }

    private static void sweep(TieredRig rig) {
        double before = rig.meter("firn.cold.sweeps");
        rig.roundsUntil("swept", 10_000, () -> rig.meter("firn.cold.sweeps") > before);
    }

    /** The local copies go, so that readers go to the bucket. */
    private static void dropLocal(TieredRig rig) {
        rig.reconfigure(Views.coldOnly());
        rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
    }

    @Test
    void eachByteIsReadOnceInAnInterval() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 6);
            round(rig);
            long bytes = segments(rig).stream().mapToLong(ColdSegment::objectSizeBytes).sum();
            assertThat(rig.meter("firn.cold.scrub.bytes")).isEqualTo(bytes);
            assertThat(rig.meter("firn.cold.scrub.segments")).isEqualTo(6);
            round(rig);
            assertThat(rig.meter("firn.cold.scrub.bytes")).isEqualTo(2.0 * bytes);
        }
    }

    @Test
    void betweenSweepsAnIdlePartitionCostsNoRequest() {
        try (TieredRig rig = rig(Views.coldOnly(), new ScrubConfig(SWEEP_MS, 0, 0, 1))) {
            fill(rig, 3);
            sweep(rig);
            rig.roundsUntil("over", 0, () -> true);
            int requests = rig.objects.requests();
            for (int i = 0; i < 40; i++) {
                rig.clock.advanceMs(1_000);
                rig.round();
            }
            assertThat(rig.objects.requests()).isEqualTo(requests);
            sweep(rig);
            assertThat(rig.objects.requests() - requests).as("a listing of manifests, the newest one, the listing").isEqualTo(3);
        }
    }

    @Test
    void switchedOffItAsksNothing() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 3);
            int requests = rig.objects.requests();
            for (int i = 0; i < 100; i++) {
                rig.clock.advanceMs(SCRUB_MS);
                rig.round();
            }
            assertThat(rig.objects.requests()).isEqualTo(requests);
        }
    }

    @Test
    void aMissingSegmentIsMadeAnewFromTheLocalCopy() {
        try (TieredRig rig = rig(both(), scrubbing())) {
            fill(rig, 6);
            String key = segments(rig).get(2).key();
            rig.objects.delete(key).join();
            rig.roundsUntil("repaired", 10_000, () -> rig.meter("firn.cold.repaired.segments") == 1);
            assertThat(segments(rig)).extracting(ColdSegment::key).hasSize(6).doesNotContain(key);
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isZero();
            dropLocal(rig);
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
        }
    }

    @Test
    void aRottenChunkIsFoundByReadingAndMadeAnewFromTheLocalCopy() {
        try (TieredRig rig = rig(both(), scrubbing())) {
            fill(rig, 6);
            ColdSegment rotten = segments(rig).get(3);
            rig.objects.flipBit(rotten.key(), 100);
            rig.roundsUntil("repaired", 10_000, () -> rig.meter("firn.cold.repaired.segments") == 1);
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
            dropLocal(rig);
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
        }
    }

    @Test
    void aSegmentThatLiesOtherwiseInTheLocalLogIsPutTogether() {
        try (TieredRig rig = new TieredRig(both())) {
            configure(rig, new ScrubConfig(0, 0, 0, 1));
            rig.deleteGraceMs = 0;
            rig.start();
            TieredLogTest.transactional(rig, 1, 0);
            rig.awaitDurable();
            rig.seal();
            TieredLogTest.marker(rig, 1);
            rig.awaitDurable();
            rig.seal();
            long end = fill(rig, 12);
            List<AbortedTransaction> aborted = rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)));
            rig.workerConfig = new RetentionConfig(1_000, 0, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 1 << 20, scrubbing());
            rig.restart(false);
            rig.roundsUntil("merged", 5_000, () -> rig.log.cold().filter(cold -> cold.segmentCount() <= 6).isPresent());
            ColdSegment merged = segments(rig).get(0);
            assertThat(merged.nextOffset()).as("it spans several local segments").isGreaterThan(30);
            rig.objects.delete(merged.key()).join();
            rig.roundsUntil("repaired", 10_000, () -> rig.meter("firn.cold.repaired.segments") == 1);
            dropLocal(rig);
            Replay.of(rig, 10_000);
            assertThat(rig.get(rig.onLoop(() -> rig.log.abortedTransactions(0, end)))).isEqualTo(aborted).isNotEmpty();
        }
    }

    @Test
    void whatCannotBeMendedStaysInTheGaugeUntilItIs() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 6);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
            List<ColdSegment> all = segments(rig);
            byte[] kept = rig.objects.bytes(all.get(1).key());
            rig.objects.delete(all.get(1).key()).join();
            rig.objects.flipBit(all.get(3).key(), 100);
            round(rig);
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isOne();
            assertThat(rig.meter("firn.cold.damaged.objects")).isOne();
            sweep(rig);
            assertThat(rig.meter("firn.cold.damaged.objects")).as("a listing does not absolve it").isOne();
            rig.objects.put(all.get(1).key(), UploadSource.of(ByteBuffer.wrap(kept))).join();
            rig.objects.flipBit(all.get(3).key(), 100);
            round(rig);
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isZero();
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
            assertThat(rig.meter("firn.cold.repaired.segments")).isZero();
        }
    }

    @Test
    void brokenSegmentsBelowTheLogStartAreNoConcernAnyMore() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            long end = fill(rig, 6);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
            rig.objects.flipBit(segments(rig).get(1).key(), 100);
            round(rig);
            assertThat(rig.meter("firn.cold.damaged.objects")).isOne();
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(end / 2)));
            rig.roundsUntil("forgotten", 10_000, () -> rig.meter("firn.cold.damaged.objects") == 0);
        }
    }

    @Test
    void theLocalCopyOfACompactedTopicIsTakenOnlyWhereTheObjectsOwnChecksumsAgree() {
        try (TieredRig rig = rig(compacted(), scrubbing())) {
            long end = 0;
            for (int segment = 0; segment < 4; segment++) {
                for (int i = 0; i < 20; i++) {
                    rig.put("key-" + segment + "." + i, "value " + " ".repeat(500));
                }
                rig.awaitDurable();
                end = rig.seal();
            }
            rig.awaitOffloaded(end);
            List<ColdSegment> all = segments(rig);
            rig.objects.flipBit(all.get(1).key(), 100);
            rig.objects.delete(all.get(2).key()).join();
            rig.roundsUntil("the rotten one repaired", 10_000, () -> rig.meter("firn.cold.repaired.segments") == 1);
            round(rig);
            sweep(rig);
            assertThat(rig.meter("firn.cold.repaired.segments")).isOne();
            assertThat(rig.meter("firn.cold.missing.objects")).as("the other").isOne();
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
        }
    }

    /** It has more than the cold tier, so that opening finds nothing wrong; as after an unclean election. */
    @Test
    void theLogOfALaterLeaderIsNoCopyThoughItHasTheSameSize() {
        anotherLogOfTheSameSizeMendsNothing(2, 0);
    }

    @Test
    void aLogWithOtherTimestampsIsNoCopyThoughItHasTheSameSize() {
        anotherLogOfTheSameSizeMendsNothing(1, 86_400_000);
    }

    private static void anotherLogOfTheSameSizeMendsNothing(int leaderEpoch, long laterMs) {
        try (TieredRig rig = rig(both(), ScrubConfig.OFF); TieredRig other = new TieredRig(both())) {
            fill(rig, 3);
            ColdSegment segment = segments(rig).get(1);
            other.leaderEpoch = leaderEpoch;
            other.clock.advanceMs(laterMs);
            another(rig, other, () -> other.segments(5));
            assertThat(other.onLoop(() -> other.hot.sealedSegments(Long.MAX_VALUE).get(1).sizeBytes())).isEqualTo(segment.logSizeBytes());
            rig.objects.delete(segment.key()).join();
            leads(other);
            sweep(other);
            sweep(other);
            assertThat(other.meter("firn.cold.repaired.segments")).isZero();
            assertThat(other.meter("firn.cold.missing.objects")).isOne();
        }
    }

    /** In all that the manifest knows it is the same, but the object's own checksums are there to ask. */
    @Test
    void aLogOfTheSameSizeAndTimesIsNoCopyWhereTheObjectsChecksumsSayOtherwise() {
        try (TieredRig rig = rig(both(), ScrubConfig.OFF); TieredRig other = new TieredRig(both())) {
            filled(rig, "one");
            rig.awaitOffloaded(15);
            ColdSegment segment = segments(rig).get(1);
            another(rig, other, () -> {
                filled(other, "two");
                other.segments(1);
            });
            assertThat(other.onLoop(() -> other.hot.sealedSegments(Long.MAX_VALUE).get(1).sizeBytes())).isEqualTo(segment.logSizeBytes());
            rig.objects.flipBit(segment.key(), 100);
            leads(other);
            round(other);
            sweep(other);
            assertThat(other.meter("firn.cold.repaired.segments")).isZero();
            assertThat(other.meter("firn.cold.damaged.objects")).isOne();
        }
    }

    @Test
    void aLogOfAnotherSizeIsNoCopy() {
        try (TieredRig rig = rig(both(), ScrubConfig.OFF); TieredRig other = new TieredRig(both())) {
            filled(rig, "one");
            rig.awaitOffloaded(15);
            ColdSegment segment = segments(rig).get(1);
            another(rig, other, () -> {
                filled(other, "three");
                other.segments(1);
            });
            rig.objects.delete(segment.key()).join();
            leads(other);
            sweep(other);
            sweep(other);
            assertThat(other.meter("firn.cold.repaired.segments")).isZero();
            assertThat(other.meter("firn.cold.missing.objects")).isOne();
        }
    }

    /** Three segments of five records. */
    private static void filled(TieredRig rig, String value) {
        for (int i = 0; i < 3; i++) {
            for (int record = 0; record < 5; record++) {
                rig.put("key", value);
            }
            rig.awaitDurable();
            rig.seal();
        }
    }

    /** Another broker's log of the same partition, over the same bucket, which it does not see yet. */
    private static void another(TieredRig rig, TieredRig other, Runnable fill) {
        configure(other, ScrubConfig.OFF);
        other.deleteGraceMs = TieredRig.AGES;
        other.objects = rig.objects.reopened();
        other.objects.inject(SimFault.outage());
        other.start();
        fill.run();
    }

    private static void leads(TieredRig other) {
        configure(other, scrubbing());
        other.restart(false);
        other.awaitOpened();
    }

    private static TieredLogConfig compacted() {
        TieredLogConfig c = Views.compactedCold(new CompactionConfig(1, 0, Long.MAX_VALUE, 1_000_000));
        return new TieredLogConfig(c.hot(), true, false, -1, -1, -1, -1, c.compaction());
    }

    @Test
    void missingAndRottenPagesAreToldAndTheRestIsRead() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 14);
            List<String> pages = rig.objects.keys().stream().filter(key -> key.endsWith(".page")).toList();
            sweep(rig);
            for (String page : pages) {
                rig.objects.delete(page).join();
            }
            rig.restart(false); // pages are in memory no more
            rig.awaitOpened();
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).isPositive();
            double missing = rig.meter("firn.cold.missing.objects");
            round(rig);
            assertThat(rig.meter("firn.cold.scrub.segments")).as("those that the manifest lists itself").isPositive();
            assertThat(rig.meter("firn.cold.missing.objects")).isEqualTo(missing);
            assertThat(rig.segmentObjects()).as("none of them was taken for an orphan").isEqualTo(14);
        }
    }

    @Test
    void aBrokenSegmentWhosePageIsLostHoldsUpTheMendingOfNoOther() {
        try (TieredRig rig = rig(both(), new ScrubConfig(SWEEP_MS, 0, 0, 1))) {
            fill(rig, 14);
            List<ColdSegment> all = segments(rig);
            ColdLog before = rig.onLoop(() -> rig.log.cold().orElseThrow());
            long paged = before.outline().stream().filter(ColdStretch::isPage).findFirst().orElseThrow().baseOffset();
            ColdSegment newest = all.get(all.size() - 1);
            rig.restart(false); // pages are in memory no more
            rig.awaitOpened();
            all.stream().filter(segment -> segment.baseOffset() == paged || segment.equals(newest)).forEach(segment -> rig.objects.delete(segment.key()).join());
            SimFault seen = rig.objects.inject(SimFault.holdingRequests().on(Operation.HEAD).forKeys(newest.key()::equals));
            rig.roundsUntil("both are found", 10_000, () -> seen.heldCount() == 1);
            rig.objects.keys().stream().filter(key -> key.endsWith(".page")).forEach(page -> rig.objects.delete(page).join());
            seen.release();
            rig.roundsUntil("the one that the manifest itself lists is repaired", 0, () -> rig.meter("firn.cold.repaired.segments") == 1);
            assertThat(rig.onLoop(() -> rig.log.cold().orElseThrow().newest().orElseThrow()).key()).isNotEqualTo(newest.key());
            sweep(rig);
            assertThat(rig.meter("firn.cold.missing.objects")).as("pages").isPositive();
            assertThat(rig.meter("firn.cold.scrub.failures")).isZero();
        }
    }

    @Test
    void aLogThatBeginsWithAPageThatIsGoneIsReadBehindIt() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 14);
            rig.objects.keys().stream().filter(key -> key.endsWith(".page")).forEach(page -> rig.objects.delete(page).join());
            rig.restart(false);
            rig.awaitOpened();
            ColdLog cold = rig.onLoop(() -> rig.log.cold().orElseThrow());
            long within = cold.outline().stream().filter(ColdStretch::isPage).findFirst().orElseThrow().baseOffset() + 1;
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(within)));
            rig.roundsUntil("nothing is left in front of the pages", 10_000, () -> cold.outline().get(0).isPage());
            round(rig);
            double read = rig.meter("firn.cold.scrub.segments");
            round(rig);
            assertThat(rig.meter("firn.cold.scrub.segments")).as("those that the manifest lists itself").isGreaterThan(read);
            assertThat(rig.meter("firn.cold.scrub.failures")).isZero();
        }
    }

    @Test
    void aPageThatIsGoneBelowAnotherHidesWhatItListsAndNoMore() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 50);
            ColdLog cold = rig.onLoop(() -> rig.log.cold().orElseThrow());
            ColdStretch lost = pageBelowAnother(rig, cold, cold.outline(), false);
            rig.objects.keys().stream().filter(key -> key.contains("/page/%020d-0-".formatted(lost.baseOffset()))).forEach(key -> rig.objects.delete(key).join());
            configure(rig, new ScrubConfig(0, 0, SCRUB_MS, RATE));
            rig.restart(false);
            round(rig);
            assertThat(rig.meter("firn.cold.scrub.segments")).isEqualTo(50 - lost.segmentCount());
        }
    }

    /** The first that lists segments and is listed by another page. */
    private static ColdStretch pageBelowAnother(TieredRig rig, ColdLog cold, List<ColdStretch> stretches, boolean below) {
        ColdStretch page = stretches.stream().filter(ColdStretch::isPage).findFirst().orElseThrow();
        List<ColdStretch> within = rig.get(cold.within(page));
        return within.get(0).isPage() ? pageBelowAnother(rig, cold, within, true) : Optional.of(page).filter(found -> below).orElseThrow();
    }

    @Test
    void aRottenNewestManifestIsReplacedByTheNext() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 3);
            List<String> manifests = rig.objects.keys().stream().filter(key -> key.endsWith(".manifest")).toList();
            rig.objects.flipBit(manifests.get(manifests.size() - 1), 90);
            sweep(rig);
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
            rig.restart(false);
            rig.awaitOpened();
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
        }
    }

    /** Nobody else looks at it, and what is damaged has to be known before the local copies go. */
    @Test
    void whereOffloadHasStoppedTheBucketIsLookedAtAllTheSame() {
        try (TieredRig rig = rig(both(), scrubbing())) {
            fill(rig, 3);
            rig.commitLimit = rig.onLoop(rig.hot::logEndOffset);
            rig.segments(1);
            rig.disk.fail(SimDisk.Op.READ, path -> path.toString().endsWith(".log"), Integer.MAX_VALUE, new IOException("medium error"));
            rig.commitLimit = Long.MAX_VALUE;
            rig.roundsUntil("stopped", 1_000, () -> rig.meter("firn.offload.stopped.partitions") == 1);
            ColdSegment rotten = segments(rig).get(0);
            ColdSegment missing = segments(rig).get(1);
            rig.objects.flipBit(rotten.key(), 100);
            rig.objects.delete(missing.key()).join();
            String orphan = orphan(rig);
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.damaged.objects") == 1 && rig.meter("firn.cold.missing.objects") == 1 && rig.meter("firn.cold.orphan.objects") == 1);
            round(rig);
            assertThat(rig.objects.keys()).contains(orphan);
            assertThat(rig.meter("firn.cold.repaired.segments")).isZero();
        }
    }

    @Test
    void aTailThatArrivesDamagedOnceIsNoDamage() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 3);
            configure(rig, new ScrubConfig(0, 0, SCRUB_MS, RATE));
            rig.restart(false);
            rig.awaitOpened();
            ColdSegment segment = segments(rig).get(1);
            int[] gets = new int[1];
            rig.objects.inject(SimFault.outage().on(Operation.GET).forKeys(key -> {
                if (key.equals(segment.key()) && ++gets[0] <= 2) {
                    rig.objects.flipBit(key, segment.logSizeBytes() + 3); // and back again
                }
                return false;
            }));
            round(rig);
            assertThat(gets[0]).isGreaterThan(2);
            assertThat(rig.meter("firn.cold.damaged.objects")).isZero();
        }
    }

    @Test
    void aRestartGoesOnReadingWhereItStopped() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 10);
            long bytes = segments(rig).stream().mapToLong(ColdSegment::objectSizeBytes).sum();
            configure(rig, new ScrubConfig(0, 0, SCRUB_MS, 70_000)); // a segment a turn, a turn a second
            rig.restart(false);
            rig.roundsUntil("half of it read", 1_000, () -> rig.meter("firn.cold.scrub.segments") >= 5);
            rig.clock.advanceMs(120_000);
            rig.round();
            rig.roundsUntil("noted", 100, () -> noted(rig));
            double first = rig.meter("firn.cold.scrub.bytes");
            rig.restart(false);
            round(rig);
            assertThat(first + rig.meter("firn.cold.scrub.bytes")).isBetween((double) bytes, bytes + 60_000.0);
            assertThat(rig.meter("firn.cold.scrub.bytes")).isLessThan(bytes);
        }
    }

    private static boolean noted(TieredRig rig) {
        return place(rig).filter(known -> known.offset() > 0 || known.over()).isPresent();
    }

    private static Optional<ScrubPlaces.Place> place(TieredRig rig) {
        ScrubPlaces places = new ScratchSpace(rig.disk, TieredRig.SCRATCH).places();
        places.load();
        return places.of(TieredRig.PARTITION);
    }

    @Test
    void noMoreIsReadThanTheRateAllows() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 20);
            configure(rig, new ScrubConfig(0, 0, 1, 64 << 10));
            rig.restart(false);
            rig.awaitOpened();
            rig.roundsUntil("begun", 100, () -> rig.meter("firn.cold.scrub.segments") > 0);
            double before = rig.meter("firn.cold.scrub.segments");
            for (int i = 0; i < 300; i++) {
                rig.round(); // time stands still: nothing more is paid for
            }
            assertThat(rig.meter("firn.cold.scrub.segments")).as("a turn that was under way, at most").isLessThanOrEqualTo(before + 1);
            rig.roundsUntil("goes on", 1_000, () -> rig.meter("firn.cold.scrub.segments") >= before + 5);
        }
    }

    @Test
    void anOutageIsWaitedOut() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 4);
            SimFault outage = rig.objects.inject(SimFault.outage());
            rig.roundsUntil("failing", 10_000, () -> rig.meter("firn.cold.scrub.failures") >= 4);
            assertThat(rig.meter("firn.cold.missing.objects") + rig.meter("firn.cold.damaged.objects")).isZero();
            outage.release();
            rig.objects.clearFaults();
            round(rig);
            sweep(rig);
            assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
        }
    }

    @Test
    void orphansThatCannotBeDeletedShowInTheGauge() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 3);
            orphan(rig);
            rig.objects.inject(SimFault.outage().on(Operation.DELETE));
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 77);
            assertThat(rig.meter("firn.cold.orphan.objects")).isOne();
            rig.objects.clearFaults();
            rig.roundsUntil("swept", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 0);
            assertThat(rig.segmentObjects()).isEqualTo(3);
        }
    }

    /** The bucket can be read and not written: nothing that comes before the proof ever succeeds. */
    @Test
    void aProofEndsWithTheCauseWhereTheLeaderCannotEvenClaim() {
        try (TieredRig rig = rig(both(), scrubbing())) {
            fill(rig, 3);
            orphan(rig);
            rig.kill(false);
            rig.objects.inject(refusedManifests());
            rig.start();
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 77);
            assertThat(rig.onLoop(rig.log::isColdClaimed)).isFalse();
            rig.objects.clearFaults();
            rig.roundsUntil("swept", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 0);
            rig.roundsUntil("claimed", 100, () -> rig.log.isColdClaimed());
        }
    }

    @Test
    void aProofEndsWithTheCauseWhereADropBeforeItCannotBeMade() {
        try (TieredRig rig = rig(both(), scrubbing())) {
            long end = fill(rig, 6);
            orphan(rig);
            rig.objects.inject(refusedManifests());
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(end / 2)));
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 77);
            assertThat(rig.onLoop(rig.log::dropUnderWay)).isTrue();
            rig.objects.clearFaults();
            rig.roundsUntil("swept", 10_000, () -> rig.meter("firn.cold.orphan.bytes") == 0);
            rig.roundsUntil("dropped", 100, () -> !rig.log.dropUnderWay());
        }
    }

    private static SimFault refusedManifests() {
        return SimFault.outage().on(Operation.PUT_IF_ABSENT).forKeys(key -> key.contains("/manifest/"));
    }

    @Test
    void orphansThatCannotBeDeletedForADayDoNotFillTheBucketWithManifests() {
        try (TieredRig rig = rig(Views.coldOnly(), new ScrubConfig(86_400_000, 0, 0, 1))) {
            fill(rig, 3);
            orphan(rig);
            rig.objects.inject(SimFault.outage().on(Operation.DELETE));
            long before = manifestObjects(rig);
            rig.roundsUntil("told", 60_000, () -> rig.meter("firn.cold.orphan.bytes") == 77);
            long until = rig.clock.millis() + 86_400_000;
            rig.roundsUntil("a day has passed", 60_000, () -> rig.clock.millis() >= until);
            assertThat(rig.meter("firn.cold.scrub.failures")).isBetween(2.0, 20.0);
            assertThat(manifestObjects(rig) - before).isLessThan(30);
        }
    }

    @Test
    void aRepairIsTriedWithinTheHourHoweverLongTheBucketWasAway() {
        try (TieredRig rig = rig(both(), new ScrubConfig(86_400_000, 0, 0, 1))) {
            fill(rig, 3);
            rig.objects.delete(segments(rig).get(1).key()).join();
            rig.objects.inject(SimFault.outage().on(Operation.PUT));
            long until = rig.clock.millis() + 3 * 86_400_000;
            rig.roundsUntil("days have passed", 60_000, () -> rig.clock.millis() >= until);
            assertThat(rig.meter("firn.cold.missing.objects")).isOne();
            double failures = rig.meter("firn.cold.scrub.failures");
            rig.roundsUntil("failed once more: none is under way", 60_000, () -> rig.meter("firn.cold.scrub.failures") > failures);
            rig.objects.clearFaults();
            rig.clock.advanceMs(ColdScrubber.FIRST_SWEEP_MS);
            rig.roundsUntil("repaired, which takes no time of this clock", 0, () -> rig.meter("firn.cold.repaired.segments") == 1);
        }
    }

    private static long manifestObjects(TieredRig rig) {
        return rig.objects.keys().stream().filter(key -> key.contains("/manifest/")).count();
    }

    @Test
    void aSweepWaitsForNoUploadToBePaidFor() {
        try (TieredRig rig = new TieredRig(Views.coldOnly())) {
            rig.workerConfig = new RetentionConfig(1_000, 1, 0, rig.usableBytes::get, 2, CompactionLimits.DEFAULT, 0, scrubbing());
            rig.deleteGraceMs = TieredRig.AGES;
            rig.start();
            fill(rig, 1);
            rig.segments(2);
            rig.until("the next upload waits to be paid for", 1, () -> rig.state() instanceof OffloadState.Queued);
            orphan(rig);
            long begun = rig.clock.millis();
            rig.roundsUntil("swept", 1_000, () -> rig.meter("firn.cold.swept.objects") == 1);
            assertThat(rig.clock.millis() - begun).as("of %d bytes, one a second", segments(rig).get(0).logSizeBytes()).isLessThan(segments(rig).get(0).logSizeBytes() * 1_000 / 2);
        }
    }

    @Test
    void whatIsDamagedIsFoundAgainSoonAfterARestart() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 6);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
            ColdSegment rotten = segments(rig).get(3);
            rig.objects.flipBit(rotten.key(), 100);
            round(rig);
            assertThat(rig.meter("firn.cold.damaged.objects")).isOne();
            rig.roundsUntil("noted", 1_000, () -> place(rig).filter(place -> place.damaged().equals(List.of(rotten.baseOffset()))).isPresent());
            rig.restart(false);
            rig.roundsUntil("opened, which takes no time of this clock", 0, () -> rig.log.cold().isPresent());
            rig.roundsUntil("found again, which takes none either", 0, () -> rig.meter("firn.cold.damaged.objects") == 1);
            assertThat(rig.meter("firn.cold.scrub.segments")).as("of the others").isZero();
        }
    }

    @Test
    void damageAtTheBeginningKeepsNothingBehindItFromBeingReadHoweverOftenTheBrokerRestarts() {
        try (TieredRig rig = rig(Views.coldOnly(), ScrubConfig.OFF)) {
            fill(rig, 10);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == rig.hot.logEndOffset());
            rig.objects.flipBit(segments(rig).get(0).key(), 100);
            configure(rig, new ScrubConfig(0, 0, 10_000_000, 1_000)); // a segment a turn, a turn a minute
            for (int process = 0; process < 8 && place(rig).filter(ScrubPlaces.Place::over).isEmpty(); process++) {
                rig.restart(false);
                long from = place(rig).map(ScrubPlaces.Place::offset).orElse(0L);
                rig.roundsUntil("read on", 5_000, () -> place(rig).filter(noted -> noted.over() || noted.offset() >= from + 24).isPresent());
            }
            assertThat(place(rig)).hasValueSatisfying(place -> {
                assertThat(place.over()).isTrue();
                assertThat(place.damaged()).containsExactly(0L);
            });
        }
    }

    @Test
    void howFarReadingHasComeIsWrittenByOneTaskAtATime() {
        List<Runnable> tasks = new CopyOnWriteArrayList<>();
        TieredRig rig = new TieredRig(Views.coldOnly());
        configure(rig, new ScrubConfig(0, 0, SCRUB_MS, RATE));
        rig.scrubThread = Optional.of(tasks::add);
        rig.start();
        try (rig) {
            for (int i = 0; i < 10; i++) {
                rig.round();
                rig.clock.advanceMs(SCRUB_MS);
            }
            assertThat(tasks).hasSize(1);
            tasks.get(0).run();
            rig.round();
            assertThat(tasks).as("and the next one after it").hasSize(2);
        }
    }

    private static String orphan(TieredRig rig) {
        String key = segments(rig).get(0).key().replaceFirst("-1-", "-0-");
        rig.objects.put(key, UploadSource.of(ByteBuffer.allocate(77))).join();
        return key;
    }

    @Test
    void aBrokerThatLeadsNoMoreSweepsNoMore() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 3);
            rig.onLoop(() -> {
                rig.log.follow(2);
                return null;
            });
            String key = orphan(rig);
            double sweeps = rig.meter("firn.cold.sweeps");
            for (int i = 0; i < 60; i++) {
                rig.clock.advanceMs(SWEEP_MS);
                rig.round();
            }
            assertThat(rig.meter("firn.cold.sweeps")).isEqualTo(sweeps);
            assertThat(rig.objects.keys()).contains(key);
        }
    }

    @Test
    void topicsThatAreGoneAreLookedForByTheOneInCharge() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 3);
            TopicIdPartition gone = new TopicIdPartition(new Uuid(9, 9), 0, "gone");
            rig.get(rig.cold.describeTopic(gone.topicId(), "gone", 1, Map.of(), 1));
            rig.get(rig.get(rig.cold.openLog(gone, 1)).claim());
            Census census = new Census();
            rig.worker.sweepTopics(census);
            for (int i = 0; i < 10; i++) {
                rig.clock.advanceMs(SWEEP_MS);
                rig.round();
            }
            assertThat(rig.objects.keys()).anyMatch(key -> key.contains("/gone-"));
            census.inCharge = true;
            rig.roundsUntil("gone", 10_000, () -> rig.meter("firn.cold.dead.topics") == 1);
            assertThat(rig.objects.keys()).noneMatch(key -> key.contains("/gone-"));
            assertThat(Replay.of(rig, 10_000).coldReads).isPositive();
            assertThat(rig.meter("firn.cold.strange.topics")).isZero();
        }
    }

    @Test
    void aTopicThatCannotBeDeletedIsToldUntilItCanBe() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            TopicIdPartition gone = new TopicIdPartition(new Uuid(9, 9), 0, "gone");
            rig.get(rig.get(rig.cold.openLog(gone, 1)).claim());
            rig.objects.inject(SimFault.refusing().on(Operation.DELETE).forKeys(key -> key.contains("/gone-")));
            Census census = new Census();
            census.inCharge = true;
            rig.worker.sweepTopics(census);
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.stuck.topics") == 1);
            assertThat(rig.meter("firn.cold.dead.topics")).isZero();
            rig.objects.clearFaults();
            rig.roundsUntil("gone", 10_000, () -> rig.meter("firn.cold.dead.topics") == 1);
            assertThat(rig.meter("firn.cold.stuck.topics")).isZero();
        }
    }

    @Test
    void aTopicThatNobodyHasDeletedIsToldAndStays() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            TopicIdPartition lost = new TopicIdPartition(new Uuid(9, 9), 0, "lost");
            rig.get(rig.cold.describeTopic(lost.topicId(), "lost", 1, Map.of(), 1));
            rig.get(rig.get(rig.cold.openLog(lost, 1)).claim());
            List<String> keys = rig.objects.keys();
            Census census = new Census() {
                @Override
                public Optional<DeadTopics.Grave> deleted(Uuid topicId) {
                    return Optional.empty();
                }
            };
            census.inCharge = true;
            rig.worker.sweepTopics(census);
            rig.roundsUntil("told", 10_000, () -> rig.meter("firn.cold.strange.topics") == 1);
            assertThat(rig.objects.keys()).isEqualTo(keys);
            census.inCharge = false;
            rig.roundsUntil("somebody else's to tell", 10_000, () -> rig.meter("firn.cold.strange.topics") == 0);
        }
    }

    @Test
    void aLookForTopicsThatFailsIsRepeatedEverLater() {
        long dayMs = 86_400_000;
        try (TieredRig rig = rig(Views.coldOnly(), new ScrubConfig(dayMs, 0, 0, 1))) {
            TopicIdPartition gone = new TopicIdPartition(new Uuid(9, 9), 0, "gone");
            rig.get(rig.get(rig.cold.openLog(gone, 1)).claim());
            Census census = new Census() {
                @Override
                public CompletableFuture<Map<Uuid, DeadTopics.Grave>> bury(List<Uuid> topicIds) {
                    return CompletableFuture.failedFuture(new IllegalStateException("no majority"));
                }
            };
            census.inCharge = true;
            rig.worker.sweepTopics(census);
            rig.roundsUntil("failed", 60_000, () -> rig.meter("firn.cold.scrub.failures") == 1);
            long sinceMs = rig.clock.millis();
            rig.roundsUntil("failed again and again", 60_000, () -> rig.meter("firn.cold.scrub.failures") == 8);
            assertThat(rig.clock.millis() - sinceMs).as("after 1, 2, 4 … 64 minutes, each shortened by a fifth at most").isGreaterThan(100 * 60_000);
        }
    }

    private static class Census implements TopicCensus {
        private static final DeadTopics.Grave GRAVE = new DeadTopics.Grave(5, 1);
        volatile boolean inCharge;

        @Override
        public boolean inCharge() {
            return inCharge;
        }

        @Override
        public boolean exists(Uuid topicId) {
            return topicId.equals(TieredRig.PARTITION.topicId());
        }

        @Override
        public Optional<DeadTopics.Grave> deleted(Uuid topicId) {
            return exists(topicId) ? Optional.empty() : Optional.of(GRAVE);
        }

        @Override
        public CompletableFuture<Map<Uuid, DeadTopics.Grave>> bury(List<Uuid> topicIds) {
            return CompletableFuture.completedFuture(topicIds.stream().collect(Collectors.toMap(id -> id, id -> GRAVE)));
        }
    }

    @Test
    void aTopicsDeletionThatWasCutShortIsFinishedByTheSweep() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            fill(rig, 3);
            rig.get(rig.cold.describeTopic(TieredRig.PARTITION.topicId(), TieredRig.PARTITION.topic(), 1, Map.of(), 1));
            SimFault held = rig.objects.inject(SimFault.holdingRequests().on(Operation.DELETE).forKeys(key -> key.endsWith(".segment")));
            rig.get(rig.worker.detach(rig.log, true));
            rig.until("deletion begun", 1_000, () -> held.heldCount() > 0);
            rig.kill(false);
            rig.startStores();
            Census census = new Census() {
                @Override
                public boolean exists(Uuid topicId) {
                    return false;
                }
            };
            census.inCharge = true;
            rig.worker.sweepTopics(census);
            rig.until("finished", 10_000, () -> rig.meter("firn.cold.dead.topics") == 1);
            assertThat(rig.objects.keys()).containsExactly("cluster");
        }
    }

    @Test
    void whatTheSweepFindsAfterEachKindOfChangeIsNothing() {
        try (TieredRig rig = rig(Views.coldOnly(), scrubbing())) {
            long end = fill(rig, 30);
            rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(end / 3)));
            sweep(rig);
            sweep(rig);
            assertThat(rig.meter("firn.cold.swept.objects")).as("pending deletions are no orphans").isZero();
            rig.get(Sweeps.now(rig.cold));
            assertThat(rig.meter("firn.cold.missing.objects")).isZero();
        }
    }
}
