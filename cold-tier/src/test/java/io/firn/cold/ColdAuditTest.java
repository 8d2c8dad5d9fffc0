package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.manifest.PageShape;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.store.ForwardingObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a leader deletes because nothing names it, and what it never does, whoever else writes and however late. Each process has its own way to the one bucket. */
class ColdAuditTest {

    private static final PageShape TINY = new PageShape(2, 2, 2, 3, 2);
    private static final int SEGMENTS = 24;
    /** Manifests are trimmed, pages grow and are rewritten. */
    private static final int BUSY_COMMITS = 26;
    private static final int MOST_REQUESTS = 200;

    private final Random random = new Random(11);
    private final SimObjectStore bucket = new SimObjectStore();
    private final List<ColdStore> processes = new ArrayList<>();
    private final List<SegmentFixture> fixtures = new ArrayList<>();
    private ColdLog log;

    @BeforeEach
    void fill() {
        long base = 0;
        for (int i = 0; i < SEGMENTS + 8; i++) {
            fixtures.add(SegmentFixture.random(random, base, 1, 300));
            base = fixtures.get(i).nextOffset();
        }
        log = process(bucket).openLog(PARTITION, 3).join();
        fixtures.subList(0, SEGMENTS).forEach(segment -> log.append(segment).join());
    }

    @AfterEach
    void close() {
        bucket.clearFaults();
        processes.forEach(ColdStore::close);
    }

    private ColdStore process(ObjectStore way) {
        ColdStore store = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), way, () -> Instant.ofEpochMilli(5_000_000), new SimpleMeterRegistry(), ColdThreads.start(2), new Random(processes.size()), TINY);
        processes.add(store);
        return store;
    }

    /** Begins an append in a process of its own whose requests stop at the first of this kind. */
    private SimFault stopped(SimObjectStore way, int epoch, Predicate<String> key, Operation operation) {
        ColdLog other = process(way).openLog(PARTITION, epoch).join();
        return stopped(way, other, key, operation);
    }

    private SimFault stopped(SimObjectStore way, ColdLog other, Predicate<String> key, Operation operation) {
        SimFault held = way.inject(SimFault.holdingRequests().on(operation).forKeys(key));
        for (int i = 0; held.heldCount() == 0 && i < 8; i++) { // not every append makes a page
            CompletableFuture<ColdSegment> append = other.append(fixtures.get(SEGMENTS + i));
            while (held.heldCount() == 0 && !append.isDone()) {
                Thread.onSpinWait();
            }
        }
        assertThat(held.heldCount()).as("held").isOne();
        return held;
    }

    private List<String> orphans(ColdLog of) throws InterruptedException {
        return of.audit().look().orphans().stream().map(StoredObject::key).toList();
    }

    private List<String> sweep(ColdLog of) throws InterruptedException {
        List<StoredObject> found = of.audit().look().orphans();
        return of.audit().sweep(of.prove().join(), found).stream().map(StoredObject::key).toList();
    }

    private void requireSound() throws InterruptedException {
        requireSound(0);
    }

    private void requireSound(int orphans) throws InterruptedException {
        assertThat(requireWhole()).isEqualTo(orphans);
    }

    /** How many orphans there are. */
    private long requireWhole() throws InterruptedException {
        List<String> lines = new ArrayList<>();
        BucketVerdict verdict = BucketInspection.open(bucket.reopened(), "firn").verify(List.of(PARTITION), true, lines::add, bytes -> {});
        assertThat(verdict.problems()).as("%s", lines).isZero();
        return verdict.orphans();
    }

    @Test
    void aSoundLogHasNeitherOrphansNorDamageAndWhatIsPendingIsNone() throws InterruptedException {
        log.deleteBefore(fixtures.get(9).nextOffset()).join();
        ColdFindings found = log.audit().look();
        assertThat(found).isEqualTo(new ColdFindings(List.of(), 0, List.of(), 0, 0));
        assertThat(sweep(log)).isEmpty();
        requireSound();
    }

    @Test
    void segmentsAndPagesThatADeadLeaderLeftAreSwept() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        stopped(way, 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog next = process(bucket.reopened()).openLog(PARTITION, 5).join();
        List<String> left = orphans(next);
        assertThat(left).anyMatch(key -> key.endsWith(".segment"));
        assertThat(sweep(next)).containsExactlyElementsOf(left);
        requireSound();
    }

    @Test
    void pagesOfACommitThatWasCutShortAreSwept() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        ColdLog dying = process(way).openLog(PARTITION, 4).join();
        stopped(way, dying, key -> key.endsWith(".page"), Operation.GET_SMALL);
        ColdLog next = process(bucket.reopened()).openLog(PARTITION, 5).join();
        assertThat(orphans(next)).anyMatch(key -> key.endsWith(".page")).anyMatch(key -> key.endsWith(".segment"));
        sweep(next);
        assertThat(orphans(next)).isEmpty();
        requireSound();
    }

    @Test
    void aManifestOfADeadLeaderThatComesAfterTheSweepNamesNothing() throws InterruptedException {
        SimFault late = stopped(bucket.reopened(), 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog next = process(bucket.reopened()).openLog(PARTITION, 5).join();
        assertThat(sweep(next)).isNotEmpty();
        late.release();
        assertThat(process(bucket.reopened()).openLog(PARTITION, 6).join().endOffset()).isEqualTo(log.endOffset());
        requireSound();
    }

    @Test
    void aManifestOfAnEarlierProcessOfTheSameEpochThatComesLateNamesNothing() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        SimFault late = stopped(way, 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        way.inject(SimFault.outage()); // it is dead: nothing follows its last request
        ColdLog again = process(bucket.reopened()).openLog(PARTITION, 4).join();
        assertThat(sweep(again)).isNotEmpty();
        late.release();
        requireSound();
    }

    /** Two processes believe to be the leader of one epoch: the earlier one goes on with what it has uploaded before the sweep. */
    @Test
    void anEarlierProcessOfTheSameEpochThatLivesOnNamesNothingThatWasSwept() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        ColdLog earlier = process(way).openLog(PARTITION, 4).join();
        SimFault pausing = stopped(way, earlier, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog again = process(bucket.reopened()).openLog(PARTITION, 4).join();
        assertThat(sweep(again)).anyMatch(key -> key.endsWith(".segment"));
        way.clearFaults();
        pausing.release();
        awaitUploaded(earlier);
        assertThat(earlier.endOffset()).as("its change was given up").isEqualTo(again.endOffset());
        requireSound();
        earlier.append(fixtures.get(SEGMENTS)).join();
        requireSound();
    }

    @Test
    void aBrokerWhoseBucketWasTakenOverSweepsNothing() throws InterruptedException {
        stopped(bucket.reopened(), 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog next = process(bucket.reopened()).openLog(PARTITION, 5).join();
        List<String> left = orphans(next);
        bucket.put("firn/cluster", UploadSource.of(new BucketClaim("cluster-b").bytes())).join();
        assertThatThrownBy(() -> sweep(next)).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-b");
        assertThat(left).isNotEmpty();
        assertThat(bucket.keys()).containsAll(left);
    }

    @Test
    void aManifestThatCameBeforeTheProofIsHeeded() throws InterruptedException {
        SimFault late = stopped(bucket.reopened(), 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog again = process(bucket.reopened()).openLog(PARTITION, 4).join();
        List<StoredObject> seen = again.audit().look().orphans();
        assertThat(seen).isNotEmpty();
        late.release();
        assertThatThrownBy(() -> again.prove().join()).as("it has begun before it knew").hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(again.audit().sweep(again.prove().join(), seen)).isEmpty();
        assertThat(process(bucket.reopened()).openLog(PARTITION, 5).join().endOffset()).isGreaterThan(log.endOffset());
        requireSound();
    }

    @Test
    void aDeposedLeaderDeletesNothingOfItsSuccessorsUploadWhoseManifestIsStillToCome() throws InterruptedException {
        for (String kind : List.of(".manifest", ".page")) {
            SimObjectStore way = bucket.reopened();
            ColdLog successor = process(way).openLog(PARTITION, 4).join();
            SimFault pausing = kind.equals(".page") ? stopped(way, successor, key -> key.endsWith(kind), Operation.GET_SMALL) : stopped(way, successor, key -> key.endsWith(kind), Operation.PUT_IF_ABSENT);
            ColdLog zombie = process(bucket.reopened()).openLog(PARTITION, 3).join();
            List<StoredObject> seen = zombie.audit().look().orphans();
            assertThat(seen).isNotEmpty().noneMatch(zombie.audit()::mayGo);
            List<StoredObject> swept = new ArrayList<>();
            try {
                swept.addAll(zombie.audit().sweep(zombie.prove().join(), seen));
            } catch (CompletionException fenced) {
                assertThat(fenced).hasCauseInstanceOf(ColdStoreException.Fenced.class);
            }
            assertThat(swept).isEmpty();
            pausing.release();
            awaitUploaded(successor);
            requireSound();
            log = successor;
        }
    }

    /** Until the change that was held is over: the next one may begin. */
    private static void awaitUploaded(ColdLog writer) {
        while (true) {
            try {
                writer.claim().get(60, TimeUnit.SECONDS);
                return;
            } catch (ExecutionException busy) {
                assertThat(busy).hasCauseInstanceOf(IllegalStateException.class);
            } catch (InterruptedException | TimeoutException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void aProofOfALeaderThatWasDeposedAfterwardsStillHarmsNothing() throws InterruptedException {
        SimFault left = stopped(bucket.reopened(), 3, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog slow = process(bucket.reopened()).openLog(PARTITION, 4).join();
        ColdProof early = slow.prove().join();
        ColdLog successor = process(bucket.reopened()).openLog(PARTITION, 5).join();
        successor.append(fixtures.get(SEGMENTS)).join();
        List<StoredObject> all = bucket.list("firn/topics/", "", 1_000).join().objects();
        slow.audit().sweep(early, all);
        left.release();
        requireSound();
        assertThat(bucket.keys()).anyMatch(key -> key.contains("-5-"));
    }

    /** It is stopped before each of its requests, in a bucket of its own each time. */
    @Test
    void aSweepThatIsStoppedAnywhereWhileAnotherLeadsForLongHarmsNothingWhenItGoesOn() throws Exception {
        for (int point = 0; point < MOST_REQUESTS; point++) {
            ColdAuditTest trial = new ColdAuditTest();
            trial.fill();
            try {
                if (!trial.sweepIsStoppedAt(point)) {
                    assertThat(point).as("requests at which it was stopped").isGreaterThan(10);
                    return;
                }
            } finally {
                trial.close();
            }
        }
        throw new AssertionError("it never ends");
    }

    private boolean sweepIsStoppedAt(int point) throws Exception {
        SimFault left = stopped(bucket.reopened(), 3, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        SimObjectStore way = bucket.reopened();
        ColdLog sweeper = process(way).openLog(PARTITION, 4).join();
        int allowed = way.requests() + point;
        SimFault stop = way.inject(SimFault.holdingRequests().forKeys(key -> way.requests() > allowed));
        CompletableFuture<List<String>> sweep = CompletableFuture.supplyAsync(() -> {
            try {
                return sweep(sweeper);
            } catch (InterruptedException e) {
                throw new CompletionException(e);
            }
        });
        while (stop.heldCount() == 0 && !sweep.isDone()) {
            Thread.onSpinWait();
        }
        boolean reached = stop.heldCount() > 0;
        ColdLog leader = process(bucket.reopened()).openLog(PARTITION, 5).join();
        for (int i = 0; i < BUSY_COMMITS; i++) {
            leader.append(SegmentFixture.random(random, leader.endOffset(), 1, 300)).join();
        }
        leader.deleteBefore(fixtures.get(5).nextOffset()).join();
        way.clearFaults();
        Throwable failure = sweep.handle((swept, cause) -> ColdStoreException.unwrap(cause)).get(60, TimeUnit.SECONDS);
        assertThat(failure).satisfiesAnyOf(none -> assertThat(none).isNull(), told -> assertThat(told).isInstanceOf(ColdStoreException.class));
        left.release();
        requireWhole();
        assertThat(sweep(leader)).as("what was left is found").allMatch(key -> key.contains("-3-") || key.contains("/page/"));
        requireSound();
        return reached;
    }

    @Test
    void aFencedLeaderGetsNoProof() {
        process(bucket.reopened()).openLog(PARTITION, 4).join().claim().join();
        assertThatThrownBy(() -> log.prove().join()).hasCauseInstanceOf(ColdStoreException.Fenced.class);
    }

    @Test
    void anAbandonedChangeOfThisProcessIsWaitedFor() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        ColdStore store = process(way);
        ColdLog abandoned = store.openLog(PARTITION, 4).join();
        SimFault held = stopped(way, abandoned, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog again = store.openLog(PARTITION, 4).join();
        assertThatThrownBy(() -> again.prove().orTimeout(60, TimeUnit.SECONDS).join()).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        held.release();
        awaitUploaded(abandoned);
        assertThatThrownBy(() -> again.prove().join()).as("it has begun before it knew").hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(sweep(again)).isEmpty();
        requireSound();
    }

    @Test
    void aCommitWhoseReplyWasLostIsSettledByTheProof() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        ColdLog writer = process(way).openLog(PARTITION, 4).join();
        way.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT).forKeys(key -> key.endsWith(".manifest")));
        assertThatThrownBy(() -> writer.append(fixtures.get(SEGMENTS)).join()).hasCauseInstanceOf(ColdStoreException.Uncertain.class);
        List<StoredObject> seen = bucket.list("firn/topics/", "", 1_000).join().objects();
        assertThat(writer.audit().sweep(writer.prove().join(), seen)).isEmpty();
        assertThat(writer.endOffset()).isEqualTo(fixtures.get(SEGMENTS).nextOffset());
        requireSound();
    }

    @Test
    void anUploadWithoutManifestOfThisVeryOpeningIsSwept() throws InterruptedException {
        SimObjectStore way = bucket.reopened();
        ColdLog writer = process(way).openLog(PARTITION, 4).join();
        way.inject(SimFault.failing(1).on(Operation.GET).forKeys(key -> key.endsWith(".segment")));
        assertThatThrownBy(() -> writer.append(fixtures.get(SEGMENTS)).join()).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(sweep(writer)).hasSize(1);
        requireSound();
    }

    @Test
    void whatIsNotOfOurNamesIsToldAndNeverSwept() throws InterruptedException {
        String strange = bucket.keys().stream().filter(key -> key.endsWith(".segment")).findFirst().orElseThrow().replaceFirst("/3/.*", "/3/notes.txt");
        bucket.put(strange, UploadSource.of(ByteBuffer.allocate(9))).join();
        assertThat(orphans(log)).containsExactly(strange);
        assertThat(sweep(log)).isEmpty();
        requireSound(1);
    }

    @Test
    void missingSegmentsAndPagesAreTold() throws InterruptedException {
        String segment = log.segmentsFrom(0, 1).join().get(0).key();
        String page = bucket.keys().stream().filter(key -> key.endsWith(".page")).filter(this::live).findFirst().orElseThrow();
        bucket.delete(segment).join();
        bucket.delete(page).join();
        ColdFindings found = log.audit().look();
        assertThat(found.damage()).extracting(ColdDamage::key).containsExactlyInAnyOrder(segment, page);
        assertThat(found.damage()).allMatch(ColdDamage::missing);
        assertThat(found.damage()).filteredOn(one -> one.key().equals(segment)).singleElement().extracting(ColdDamage::segment).isNotEqualTo(Optional.empty());
        assertThat(found.orphans()).as("what the page listed").isEmpty();
        assertThat(sweep(log)).isEmpty();
    }

    @Test
    void aRottenPageIsDamageAndWhatItListsIsNotSwept() throws InterruptedException {
        String page = bucket.keys().stream().filter(key -> key.endsWith(".page")).filter(this::live).findFirst().orElseThrow();
        bucket.flipBit(page, 50);
        ColdFindings found = log.audit().look();
        assertThat(found.damage()).singleElement().matches(one -> one.key().equals(page) && !one.missing());
        assertThat(sweep(log)).isEmpty();
    }

    @Test
    void anObjectOfAnotherSizeIsDamage() throws InterruptedException {
        String segment = log.segmentsFrom(0, 1).join().get(0).key();
        bucket.truncate(segment, 100);
        assertThat(log.audit().look().damage()).singleElement().matches(one -> one.key().equals(segment) && !one.missing());
    }

    /** Whether deleting it would be damage: outgrown pages wait for their deletion. */
    private boolean live(String page) {
        List<String> lines = new ArrayList<>();
        BucketInspection.open(bucket.reopened(), "firn").show(PARTITION, true, lines::add);
        return lines.stream().anyMatch(line -> line.contains(page.substring(page.lastIndexOf('/') + 1)) && !line.contains("dropped"));
    }

    /** The newest two segments do not show in listings yet. */
    private static ObjectStore lagging(ObjectStore store) {
        return new ForwardingObjectStore(store) {
            @Override
            public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
                return super.list(prefix, startAfter, maxKeys).thenApply(ColdAuditTest::withoutNewest);
            }
        };
    }

    private static ObjectPage withoutNewest(ObjectPage page) {
        List<String> segments = page.objects().stream().map(StoredObject::key).filter(key -> key.endsWith(".segment")).toList();
        List<String> hidden = segments.subList(Math.max(0, segments.size() - 2), segments.size());
        return new ObjectPage(page.objects().stream().filter(object -> !hidden.contains(object.key())).toList(), page.more());
    }

    @Test
    void aListingThatLagsShowsNoDamageAndSweepsNothing() throws InterruptedException {
        ColdStore store = process(lagging(bucket.reopened()));
        ColdLog seen = store.openLog(PARTITION, 4).join();
        assertThat(seen.audit().look()).isEqualTo(new ColdFindings(List.of(), 0, List.of(), 0, 0));
        requireSound();
    }

    /** Where a create of a number that is taken wins, a late manifest takes the place of the proof: it would bring back a history that names what was swept. */
    @Test
    void onAStoreWithoutConditionalCreatesOrphansAreToldAndStay() throws InterruptedException {
        stopped(bucket.reopened(), 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdStoreConfig c = ColdFixture.config(16 * CHUNK, 0);
        ColdStoreConfig accepting = new ColdStoreConfig(c.prefix(), c.clusterId(), c.chunkBytes(), c.cacheBytes(), c.readParallelism(), c.readAheadBytes(), c.uploadParallelism(), c.requestTimeoutMs(), c.retryMaxAttempts(), c.deleteGraceMs(), true);
        ColdStore store = ColdStore.open(accepting, new CarelessObjectStore(bucket.reopened()), () -> Instant.ofEpochMilli(5_000_000), new SimpleMeterRegistry(), ColdThreads.start(2), new Random(99), TINY);
        processes.add(store);
        ColdLog next = store.openLog(PARTITION, 5).join();
        List<StoredObject> left = next.audit().look().orphans();
        assertThat(left).isNotEmpty().noneMatch(next.audit()::mayGo);
        long head = next.claim().thenApply(nothing -> next.endOffset()).join();
        assertThatThrownBy(() -> next.prove().join()).hasCauseInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(orphans(next)).containsExactlyElementsOf(left.stream().map(StoredObject::key).toList());
        assertThat(next.endOffset()).isEqualTo(head);
        List<String> manifests = bucket.keys().stream().filter(key -> key.endsWith(".manifest")).toList();
        bucket.flipBit(manifests.get(manifests.size() - 1), 90);
        assertThatThrownBy(() -> next.audit().look()).isInstanceOf(ColdStoreException.Corrupt.class);
        next.restate().join();
        assertThat(next.audit().look().orphans()).as("a rotten manifest is mended there as well").isNotEmpty();
    }

    @Test
    void objectsOfOthersHoweverManyDoNotHideOrphansBehindThem() throws InterruptedException {
        String directory = bucket.keys().stream().filter(key -> key.endsWith(".segment")).findFirst().orElseThrow().replaceAll("[^/]*$", "");
        for (int i = 0; i < 1_500; i++) {
            bucket.put(directory + String.format("!%04d", i).replace('!', '-'), UploadSource.of(ByteBuffer.allocate(1))).join();
        }
        stopped(bucket.reopened(), 4, key -> key.endsWith(".manifest"), Operation.PUT_IF_ABSENT);
        ColdLog next = process(bucket.reopened()).openLog(PARTITION, 5).join();
        ColdFindings found = next.audit().look();
        assertThat(found.orphans().stream().filter(next.audit()::mayGo)).isNotEmpty();
        assertThat(found.orphans().stream().filter(orphan -> !next.audit().mayGo(orphan))).hasSize(1_000);
        assertThat(found.moreOrphans()).isEqualTo(500);
        assertThat(sweep(next)).isNotEmpty().noneMatch(key -> key.contains("/-"));
        assertThat(bucket.keys()).filteredOn(key -> key.contains("/-")).hasSize(1_500);
    }
}
