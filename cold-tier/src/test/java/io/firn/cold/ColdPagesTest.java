package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.PageShape;
import io.firn.cold.manifest.PendingPage;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** A log whose manifest spills after a few segments, and what becomes of its pages when requests fail, processes die and others write. */
class ColdPagesTest {

    /** Two levels of pages after a dozen segments. */
    private static final PageShape TINY = new PageShape(2, 2, 2, 3, 2);
    private static final int SEGMENTS = 24;

    private final Random random = new Random(11);
    private final List<SegmentFixture> fixtures = new ArrayList<>();

    ColdPagesTest() {
        long base = 0;
        for (int i = 0; i < SEGMENTS + 8; i++) {
            fixtures.add(SegmentFixture.random(random, base, 1, 300));
            base = fixtures.get(i).nextOffset();
        }
    }

    private ColdFixture filled() {
        return filled(TINY);
    }

    private ColdFixture filled(PageShape shape) {
        ColdFixture cold = new ColdFixture(ColdFixture.config(16 * CHUNK, 0), shape);
        ColdLog log = cold.log(1);
        fixtures.subList(0, SEGMENTS).forEach(segment -> cold.await(log.append(segment)));
        cold.sim.pass(200_000); // pages that were outgrown are gone
        return cold;
    }

    /** The changes that reach into pages. */
    private enum Change {
        SPILL {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.append(fixtures.get(SEGMENTS)).thenCompose(done -> log.append(fixtures.get(SEGMENTS + 1)));
            }
        },
        REPLACE_OVER_A_BORDER {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                List<SegmentFixture> run = fixtures.subList(4, 9);
                return log.segmentsFrom(run.get(0).baseOffset(), 1).thenCompose(first -> all(log, first.get(0).nextOffset(), run.get(4).nextOffset(), new ArrayList<>(first)))
                        .thenCompose(live -> live.size() == 5 ? log.replace(live, List.of(SegmentFixture.compacted(new Random(2), run, 40))) : CompletableFuture.completedFuture(null));
            }

            private CompletableFuture<List<ColdSegment>> all(ColdLog log, long from, long to, List<ColdSegment> found) {
                return from >= to ? CompletableFuture.completedFuture(found) : log.segmentsFrom(from, 1).thenCompose(next -> {
                    found.addAll(next);
                    return all(log, next.get(0).nextOffset(), to, found);
                });
            }
        },
        EXPIRE {
            @Override
            CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures) {
                return log.deleteBefore(fixtures.get(13).nextOffset());
            }
        };

        abstract CompletableFuture<?> begin(ColdLog log, List<SegmentFixture> fixtures);
    }

    private static List<Long> bases(ColdFixture cold, ColdLog log) {
        return cold.segments(log).stream().map(ColdSegment::baseOffset).toList();
    }

    /** Every segment and page of the log is there, and reads find their records. */
    private void assertWhole(ColdFixture cold, ColdLog log) {
        long end = log.startOffset();
        for (ColdSegment segment : cold.segments(log)) {
            assertThat(segment.baseOffset()).isEqualTo(end);
            assertThat(cold.await(log.openSegment(segment)).segment()).isEqualTo(segment);
            ColdRead read = cold.await(log.read(segment.baseOffset(), 10_000, Long.MAX_VALUE, true));
            assertThat(read.upperBoundOffset()).isGreaterThan(segment.baseOffset());
            read.release();
            end = segment.nextOffset();
        }
        assertThat(end).isEqualTo(log.endOffset());
        assertThat(log.segmentCount()).isEqualTo(cold.segments(log).size());
        assertThat(log.sizeBytes()).isEqualTo(cold.segments(log).stream().mapToLong(ColdSegment::logSizeBytes).sum());
    }

    private static long objects(SimObjectStore bucket, String ending) {
        return bucket.keys().stream().filter(key -> key.endsWith(ending)).count();
    }

    /** Pages that the log names, directly or not. */
    private static long pages(ColdFixture cold, ColdLog log) {
        return pages(cold, log, log.outline());
    }

    private static long pages(ColdFixture cold, ColdLog log, List<ColdStretch> stretches) {
        return stretches.stream().filter(ColdStretch::isPage).mapToLong(page -> 1 + pages(cold, log, cold.await(log.within(page)))).sum();
    }

    @Test
    void aLogOfManyPagesIsWholeAndNothingElseIsLeft() {
        ColdFixture cold = filled();
        ColdLog log = cold.log(2);
        assertThat(bases(cold, log)).isEqualTo(fixtures.subList(0, SEGMENTS).stream().map(SegmentFixture::baseOffset).toList());
        assertThat(log.outline().size()).as("listed in the manifest").isLessThan(SEGMENTS / 2);
        assertThat(log.outline().stream().filter(ColdStretch::isPage).anyMatch(page -> page.segmentCount() > 3)).as("pages of pages").isTrue();
        assertWhole(cold, log);
        assertThat(objects(cold.objects, ".page")).isEqualTo(pages(cold, log));
    }

    @Test
    void whateverIsDroppedIsDeletedAfterTheGracePeriodWithItsPages() {
        for (Change change : Change.values()) {
            ColdFixture cold = filled();
            ColdLog log = cold.log(2);
            cold.await(change.begin(log, fixtures));
            assertWhole(cold, log);
            cold.sim.pass(400_000);
            assertThat(objects(cold.objects, ".segment")).as("%s", change).isEqualTo(log.segmentCount());
            assertThat(objects(cold.objects, ".page")).as("%s", change).isEqualTo(pages(cold, log));
            int requests = cold.objects.requests();
            cold.sim.pass(1_000_000);
            assertThat(cold.objects.requests()).as("done").isEqualTo(requests);
            cold.await(log.append(fixtures.get((int) (change == Change.SPILL ? SEGMENTS + 2 : SEGMENTS))));
            assertWhole(cold, cold.log(3));
        }
    }

    @Test
    void aReadThatBeganBeforeAChangeFindsItsPagesUntilTheGracePeriodIsOver() {
        for (Change change : List.of(Change.REPLACE_OVER_A_BORDER, Change.EXPIRE)) {
            ColdFixture cold = filled();
            ColdLog reader = cold.await(cold.another(5).openLog(PARTITION, 1)); // nothing in its memory but the manifest
            cold.await(change.begin(cold.log(2), fixtures));
            cold.sim.pass(59_000);
            ColdRead read = cold.await(reader.read(fixtures.get(7).baseOffset(), 10_000, Long.MAX_VALUE, true));
            assertThat(read.baseOffset()).isEqualTo(fixtures.get(7).baseOffset());
            read.release();
        }
    }

    @Test
    void whateverSingleRequestFailsTheLogIsTheOldOneOrTheNewOneAndARepetitionSucceeds() {
        for (Change change : Change.values()) {
            for (Operation operation : Operation.values()) {
                for (SimFault fault : List.of(SimFault.failing(1), SimFault.losingReply(1), SimFault.losingRequest(1), SimFault.cuttingBody(1))) {
                    ColdFixture cold = filled();
                    ColdLog log = cold.log(2);
                    cold.objects.inject(fault.on(operation));
                    try {
                        cold.await(change.begin(log, fixtures));
                    } catch (RuntimeException e) {
                        assertThat(e.getCause()).isInstanceOfAny(ColdStoreException.Unavailable.class, ColdStoreException.Uncertain.class, IllegalArgumentException.class);
                        assertWhole(cold, cold.log(2));
                        retry(change, log, cold);
                    }
                    assertWhole(cold, log);
                    assertThat(bases(cold, cold.log(3))).isEqualTo(bases(cold, log)).isEqualTo(expected(change));
                    cold.sim.pass(400_000);
                    assertThat(objects(cold.objects, ".page") - pages(cold, log)).as("orphans of %s, %s of %s", change, fault, operation).isBetween(0L, (long) cold.count("firn.cold.orphans.possible"));
                }
            }
        }
    }

    /** As an offloader does: goes on where the log ends. */
    private void retry(Change change, ColdLog log, ColdFixture cold) {
        if (change == Change.SPILL) {
            while (true) {
                try {
                    for (SegmentFixture next : fixtures.subList(SEGMENTS, SEGMENTS + 2)) {
                        if (next.baseOffset() >= log.endOffset()) {
                            cold.await(log.append(next));
                        }
                    }
                    return;
                } catch (RuntimeException moved) {
                    assertThat(moved.getCause()).isInstanceOf(IllegalArgumentException.class);
                }
            }
        }
        cold.await(change.begin(log, fixtures));
    }

    private List<Long> expected(Change change) {
        List<Long> bases = new ArrayList<>(fixtures.subList(0, SEGMENTS).stream().map(SegmentFixture::baseOffset).toList());
        if (change == Change.SPILL) {
            bases.add(fixtures.get(SEGMENTS).baseOffset());
            bases.add(fixtures.get(SEGMENTS + 1).baseOffset());
        } else if (change == Change.EXPIRE) {
            bases.subList(0, 14).clear();
        } else {
            bases.subList(5, 9).clear();
        }
        return bases;
    }

    @Test
    void aProcessThatDiesAtAnyRequestLeavesTheOldLogOrTheNewOneAndAtMostOrphans() {
        for (Change change : Change.values()) {
            int done = 0;
            int point = 0;
            for (boolean reached = true; reached; point++) {
                ColdFixture cold = filled();
                ColdLog log = cold.log(2);
                List<Long> before = bases(cold, log);
                List<ColdSegment> loaded = cold.segments(log); // so that dying begins with the change
                int allowed = cold.objects.requests() + point;
                SimFault death = SimFault.holdingRequests().forKeys(key -> cold.objects.requests() > allowed);
                cold.objects.inject(death);
                change.begin(log, fixtures);
                cold.sim.settle();
                reached = death.heldCount() > 0;
                SimObjectStore bucket = cold.objects.reopened();
                ColdStore restarted = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3), TINY);
                ColdLog after = cold.await(restarted.openLog(PARTITION, 3));
                assertWhole(cold, after);
                List<Long> now = bases(cold, after);
                if (change != Change.SPILL) {
                    assertThat(now).isIn(before, expected(change));
                }
                done += now.equals(before) ? 0 : 1;
                SegmentFixture more = SegmentFixture.random(random, after.endOffset(), 3, 300);
                cold.await(after.append(more));
                List<ColdSegment> taken = cold.segments(after);
                cold.objects.clearFaults(); // now the dead process's request arrives
                cold.sim.settle();
                ColdLog later = cold.await(restarted.openLog(PARTITION, 4));
                assertThat(cold.segments(later)).isEqualTo(taken);
                cold.store.close();
                cold.sim.pass(400_000);
                assertWhole(cold, cold.await(restarted.openLog(PARTITION, 5)));
                assertThat(objects(bucket, ".page") - pages(cold, later)).as("orphan pages").isBetween(0L, 4L);
                assertThat(loaded).isNotEmpty();
            }
            assertThat(point).as("%s", change).isGreaterThan(5);
            assertThat(done).as("%s", change).isBetween(1, point - 1);
        }
    }

    @Test
    void aSweepThatDiesAtAnyRequestIsFinishedByTheNextProcess() {
        int point = 0;
        for (boolean reached = true; reached; point++) {
            ColdFixture cold = filled();
            ColdLog log = cold.log(2);
            cold.await(log.deleteBefore(fixtures.get(13).nextOffset()));
            int allowed = cold.objects.requests() + point;
            SimFault death = SimFault.holdingRequests().forKeys(key -> cold.objects.requests() > allowed);
            cold.objects.inject(death);
            cold.sim.pass(400_000);
            reached = death.heldCount() > 0;
            SimObjectStore bucket = cold.objects.reopened();
            ColdStore restarted = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3), TINY);
            ColdLog after = cold.await(restarted.openLog(PARTITION, 3));
            cold.sim.pass(400_000);
            assertThat(objects(bucket, ".segment")).isEqualTo(after.segmentCount());
            assertThat(objects(bucket, ".page")).isEqualTo(pages(cold, after));
            assertWhole(cold, after);
        }
        assertThat(point).isGreaterThan(5);
    }

    @Test
    void aZombieThatSpillsReplacesOrExpiresIsFencedAndItsPagesAreDeleted() {
        for (Change change : Change.values()) {
            for (long pausedMs : new long[] {1_000, 400_000}) {
                ColdFixture cold = filled();
                ColdLog zombie = cold.log(2);
                ColdStore elsewhere = cold.another(9);
                ColdLog leader = cold.await(elsewhere.openLog(PARTITION, 3));
                SegmentFixture next = SegmentFixture.random(random, leader.endOffset(), 3, 300);
                cold.await(leader.append(next));
                cold.await(leader.deleteBefore(fixtures.get(5).nextOffset()));
                cold.sim.pass(pausedMs);
                List<ColdSegment> before = cold.segments(leader);
                assertThat(cold.failure(change.begin(zombie, fixtures))).as("%s after %d ms", change, pausedMs).isInstanceOfAny(ColdStoreException.Fenced.class,
                        change == Change.REPLACE_OVER_A_BORDER && pausedMs > 60_000 ? ColdStoreException.Missing.class : ColdStoreException.Fenced.class); // it could not even read what it is to replace
                ColdLog again = cold.await(elsewhere.openLog(PARTITION, 4));
                assertThat(cold.segments(again)).isEqualTo(before);
                cold.sim.pass(400_000);
                assertWhole(cold, again);
                assertThat(objects(cold.objects, ".page")).as("%s after %d ms", change, pausedMs).isEqualTo(pages(cold, again));
            }
        }
    }

    /** Its manifest counts, others have built on it and trimmed it, and then it finds its number dead. */
    @Test
    void pagesOfAManifestThatOthersHaveBuiltOnStayWhenItsWriterStalledBeforeItKnew() {
        for (Change change : List.of(Change.REPLACE_OVER_A_BORDER, Change.EXPIRE)) {
            for (SimFault stall : List.of(SimFault.holdingRequests().on(Operation.LIST), SimFault.holdingReplies().on(Operation.PUT_IF_ABSENT).forKeys(key -> key.endsWith(".manifest")))) {
                ColdFixture cold = filled();
                ColdLog stalled = cold.log(2);
                cold.segments(stalled);
                cold.objects.inject(stall);
                CompletableFuture<?> late = change.begin(stalled, fixtures);
                cold.sim.settle();
                assertThat(stall.heldCount()).isOne();
                ColdStore elsewhere = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), cold.objects.reopened(), cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3), TINY);
                ColdLog leader = cold.await(elsewhere.openLog(PARTITION, 3));
                assertThat(bases(cold, leader)).isEqualTo(expected(change));
                for (int i = 0; i < 30; i++) {
                    cold.await(leader.append(SegmentFixture.random(random, leader.endOffset(), 3, 300)));
                }
                cold.objects.clearFaults();
                assertThat(cold.failure(late)).isInstanceOf(ColdStoreException.Fenced.class);
                assertWhole(cold, cold.await(cold.another(9).openLog(PARTITION, 4)));
            }
        }
    }

    @Test
    void twoWritersOfOneEpochBuildOnEachOthersPages() {
        ColdFixture cold = filled();
        ColdLog one = cold.log(2);
        ColdLog twin = cold.await(cold.another(9).openLog(PARTITION, 2));
        cold.await(Change.REPLACE_OVER_A_BORDER.begin(one, fixtures));
        assertThat(cold.failure(twin.append(fixtures.get(SEGMENTS)))).as("it has begun before it knew").isInstanceOf(ColdStoreException.Unavailable.class);
        for (int i = SEGMENTS; i < SEGMENTS + 4; i++) {
            cold.await(twin.append(fixtures.get(i)));
        }
        assertThat(cold.failure(one.deleteBefore(fixtures.get(10).nextOffset()))).isInstanceOf(ColdStoreException.Unavailable.class);
        cold.await(one.deleteBefore(fixtures.get(10).nextOffset()));
        cold.await(one.append(fixtures.get(SEGMENTS + 4)));
        assertThat(bases(cold, cold.log(3))).isEqualTo(fixtures.subList(11, SEGMENTS + 5).stream().map(SegmentFixture::baseOffset).toList());
        cold.sim.pass(400_000);
        ColdLog all = cold.log(3);
        assertWhole(cold, all);
        assertThat(objects(cold.objects, ".page")).isEqualTo(pages(cold, all));
    }

    @Test
    void aDamagedPageIsReadOnceMoreAndThenCorruptButWhatTheManifestListsIsReadOn() {
        ColdFixture cold = filled();
        ColdLog log = cold.log(2);
        ColdStore fresh = cold.another(5);
        ColdLog reader = cold.await(fresh.openLog(PARTITION, 1));
        cold.objects.keys().stream().filter(key -> key.endsWith(".page")).forEach(key -> cold.objects.flipBit(key, 70));
        int gets = cold.objects.requests(Operation.GET);
        assertThat(cold.failure(reader.read(fixtures.get(7).baseOffset(), 1_000, Long.MAX_VALUE, true))).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(cold.objects.requests(Operation.GET) - gets).isEqualTo(2);
        for (Function<ColdLog, CompletableFuture<?>> question : List.<Function<ColdLog, CompletableFuture<?>>>of(at -> at.segmentsFrom(fixtures.get(7).baseOffset(), 1),
                at -> at.offsetForTimestamp(0, fixtures.get(7).baseOffset()), at -> at.epochAt(fixtures.get(7).baseOffset()))) {
            assertThat(cold.failure(question.apply(reader))).isInstanceOf(ColdStoreException.Corrupt.class);
        }
        cold.await(log.append(fixtures.get(SEGMENTS))); // in this one's memory they are sound
        ColdRead newest = cold.await(reader.read(fixtures.get(SEGMENTS - 1).baseOffset(), 1_000, Long.MAX_VALUE, true));
        newest.release();
        ColdRead oldest = cold.await(reader.read(0, 1_000, Long.MAX_VALUE, true));
        oldest.release();
    }

    private static void spoilPages(ColdFixture cold, boolean lost) {
        List<String> pages = cold.objects.keys().stream().filter(key -> key.endsWith(".page")).toList();
        if (lost) {
            cold.await(cold.objects.deleteAll(pages));
        } else {
            pages.forEach(key -> cold.objects.flipBit(key, 70));
        }
    }

    @Test
    void aPageThatIsLostOrDamagedDoesNotEndTheOffload() {
        for (boolean lost : new boolean[] {false, true}) {
            ColdFixture cold = filled(new PageShape(2, 2, 2, 64, 4));
            spoilPages(cold, lost);
            ColdLog log = cold.await(cold.another(5).openLog(PARTITION, 2));
            for (SegmentFixture next : fixtures.subList(SEGMENTS, SEGMENTS + 8)) {
                cold.await(log.append(next));
            }
            ColdLog reader = cold.await(cold.another(6).openLog(PARTITION, 1));
            assertThat(reader.segmentCount()).isEqualTo(SEGMENTS + 8);
            for (SegmentFixture segment : fixtures.subList(SEGMENTS, SEGMENTS + 8)) {
                cold.await(reader.read(segment.baseOffset(), 1_000, Long.MAX_VALUE, true)).release();
            }
        }
    }

    @Test
    void aPageThatIsLostOrDamagedGoesWhenAllOfItMayAndDoesNotEndRetention() {
        for (boolean lost : new boolean[] {false, true}) {
            ColdFixture cold = filled();
            spoilPages(cold, lost);
            ColdLog log = cold.await(cold.another(5).openLog(PARTITION, 2));
            ColdStretch first = log.outline().stream().filter(ColdStretch::isPage).findFirst().orElseThrow();
            assertThat(cold.await(log.deleteBefore(first.baseOffset()))).as("segments in front of the pages").isEqualTo(2);
            assertThat(cold.await(log.deleteBefore(first.baseOffset() + 1))).isZero();
            assertThat(log.logStartOffset()).isEqualTo(first.baseOffset() + 1);
            assertThat(cold.await(log.deleteBefore(first.nextOffset()))).isEqualTo(first.segmentCount());
            ColdStretch newest = log.outline().get(log.outline().size() - 1);
            assertThat(cold.await(log.deleteBefore(newest.baseOffset()))).isPositive();
            cold.await(log.append(fixtures.get(SEGMENTS)));
            assertWhole(cold, cold.await(cold.another(6).openLog(PARTITION, 1)));
        }
    }

    @Test
    void aDroppedPageThatIsDamagedDoesNotHoldUpTheDeletionOfWhatIsDroppedLater() {
        ColdFixture cold = filled();
        cold.await(cold.log(2).deleteBefore(fixtures.get(7).nextOffset()));
        PartitionKeys keys = new BucketLayout("firn").partition(PARTITION);
        List<PendingPage> dropped = cold.await(ManifestChain.open(cold.objects, keys, PARTITION, 2, 7, cold.sim)).head().content().pendingPages();
        assertThat(dropped).isNotEmpty();
        List<String> damaged = dropped.stream().map(PendingPage::page).map(page -> keys.page(page.baseOffset(), page.level(), page.nonce())).toList();
        damaged.forEach(key -> cold.objects.flipBit(key, 70));
        SimObjectStore bucket = cold.objects.reopened();
        cold.store.close();
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ColdStore restarted = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, cold.sim, registry, cold.sim.threads(), new Random(3), TINY);
        ColdLog log = cold.await(restarted.openLog(PARTITION, 3));
        cold.await(log.deleteBefore(fixtures.get(13).nextOffset()));
        cold.sim.pass(400_000);
        assertThat(log.pendingCount()).isZero();
        assertThat(bucket.keys()).doesNotContainAnyElementsOf(damaged);
        assertThat(registry.get("firn.cold.orphans.possible").counter().count()).isBetween(1.0, (double) dropped.size());
        assertWhole(cold, log);
    }

    @Test
    void deletingALogRemovesItsPages() {
        ColdFixture cold = filled();
        cold.await(cold.store.deleteLog(PARTITION, 2));
        assertThat(cold.objects.keys()).containsExactly("firn/cluster");
    }

    @Test
    void smallPagesThatReplacementLeavesAreJoined() {
        PageShape shape = new PageShape(2, 2, 2, 6, 4);
        ColdFixture cold = filled(shape);
        ColdLog log = cold.log(2);
        for (int i = 2; i + 6 <= SEGMENTS - 4; i += 6) {
            int from = i;
            List<SegmentFixture> run = fixtures.subList(from, from + 6);
            List<ColdSegment> live = cold.segments(log).stream().filter(s -> s.baseOffset() >= run.get(0).baseOffset() && s.nextOffset() <= run.get(5).nextOffset()).toList();
            cold.await(log.replace(live, List.of(SegmentFixture.compacted(random, run, 50)))).orElseThrow();
        }
        assertWhole(cold, log);
        ColdFixture before = filled(shape);
        assertThat(pages(before, before.log(2))).isEqualTo(3);
        assertThat(pages(cold, log)).isOne();
    }
}
