package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.GeneratedHistory;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageShape;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicIdPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What tools say of a bucket where most of a log is listed in pages, and in pages of pages. */
class BucketPagesTest {

    private static final PageShape TINY = new PageShape(2, 2, 2, 3, 2);
    private static final int SEGMENTS = 24;
    private static final PartitionKeys KEYS = new BucketLayout("firn").partition(PARTITION);

    private final SimThreads sim = new SimThreads();
    private final SimObjectStore objects = new SimObjectStore();
    private final Random random = new Random(5);
    private final ColdStore store = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), objects, sim, new SimpleMeterRegistry(), sim.threads(), new Random(42), TINY);
    private final SimObjectStore readable = objects.reopened();
    private final BucketInspection inspection = BucketInspection.open(readable, "firn");
    private final List<String> lines = new ArrayList<>();
    private final List<ColdSegment> segments = new ArrayList<>();
    private ColdLog log;

    @BeforeEach
    void fill() {
        readable.inject(SimFault.refusing().on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE));
        log = sim.await(store.openLog(PARTITION, 3));
        for (int i = 0; i < SEGMENTS; i++) {
            segments.add(sim.await(log.append(SegmentFixture.random(random, log.endOffset(), 3, 300))));
        }
        sim.pass(200_000); // pages that were outgrown are gone
        assertThat(pages("-0-")).as("pages of segments").hasSizeGreaterThan(4);
        assertThat(pages("-1-")).as("pages of pages").isNotEmpty();
    }

    /** Keys of pages of this level, or all, by their offsets. */
    private List<String> pages(String level) {
        return objects.keys().stream().filter(key -> key.endsWith(".page") && key.substring(key.lastIndexOf('/')).contains(level)).sorted().toList();
    }

    private BucketVerdict verify(boolean deep) throws InterruptedException {
        lines.clear();
        return inspection.verify(inspection.partitions(Optional.empty()), deep, lines::add, bytes -> {});
    }

    private List<String> shown(boolean each, String kind) {
        lines.clear();
        inspection.show(PARTITION, each, lines::add);
        return lines.stream().filter(line -> line.startsWith(kind)).toList();
    }

    @Test
    void allSegmentsAndPagesAreFoundSound() throws InterruptedException {
        for (boolean deep : List.of(false, true)) {
            assertThat(verify(deep)).isEqualTo(new BucketVerdict(1, SEGMENTS, log.sizeBytes(), 0, 0, 0, 0));
            assertThat(lines).singleElement().asString().startsWith("sound    ").contains(SEGMENTS + " segment(s), " + pages("-").size() + " page(s), offsets [0," + log.endOffset() + ")");
        }
        assertThat(inspection.logBytes(PARTITION)).isEqualTo(log.sizeBytes());
    }

    @Test
    void ofVeryMuchThatIsMissingAllIsCountedAndSomeIsNamed() throws InterruptedException {
        TopicIdPartition empty = new TopicIdPartition(PARTITION.topicId(), 77, PARTITION.topic());
        GeneratedHistory.write(objects, new BucketLayout("firn").partition(empty), empty, 5_000); // a manifest and pages, and not one segment
        BucketVerdict verdict = inspection.verify(List.of(empty), false, lines::add, bytes -> {});
        assertThat(verdict).isEqualTo(new BucketVerdict(1, 5_000, 5_000_000, 5_000, 0, 0, 0));
        assertThat(lines).hasSize(1_002).allMatch(line -> line.startsWith("DAMAGED  ")).last().isEqualTo("DAMAGED  and 4000 more");
    }

    @Test
    void segmentsThatOnlyPagesListAreLookedAt() throws InterruptedException {
        ColdSegment lost = segments.get(4);
        ColdSegment rotten = segments.get(9);
        ColdSegment cut = segments.get(12);
        objects.delete(lost.key()).join();
        objects.flipBit(rotten.key(), rotten.logSizeBytes() + 3);
        objects.truncate(cut.key(), 100);
        BucketVerdict verdict = verify(false);
        assertThat(verdict.problems()).isEqualTo(3);
        assertThat(verdict.orphans()).isZero();
        assertThat(lines.get(1)).contains(lost.key(), "is not there");
        assertThat(lines.get(2)).contains(rotten.key(), "checksum");
        assertThat(lines.get(3)).contains(cut.key(), "has 100 bytes");
    }

    @Test
    void aPageThatIsLostOrRottenIsDamageAndWhatItListsIsNoOrphan() throws InterruptedException {
        String lost = pages("-0-").get(1);
        String rotten = pages("-0-").get(3);
        objects.delete(lost).join();
        objects.flipBit(rotten, 50);
        BucketVerdict verdict = verify(false);
        assertThat(verdict.problems()).isEqualTo(2);
        assertThat(verdict.orphans()).isZero();
        assertThat(lines.get(1)).contains(lost, "is not there");
        assertThat(lines.get(2)).contains(rotten, "checksum");

        String above = pages("-1-").get(0);
        objects.delete(above).join();
        assertThat(verify(false).orphans()).isZero();
        assertThat(lines).anyMatch(line -> line.startsWith("DAMAGED") && line.contains(above));
    }

    @Test
    void aPageOfWhichSomethingWrongIsSaidIsDamage() throws InterruptedException {
        for (int what = 0; what < 3; what++) {
            int wrong = what;
            ManifestChain chain = ManifestChain.open(objects, KEYS, PARTITION, 4, 77 + what, sim).join();
            ManifestContent right = chain.head().content();
            PageReference p = right.pages().get(0);
            PageReference altered = new PageReference(p.baseOffset(), p.nonce(), p.level(), p.nextOffset(), p.segmentCount() + (wrong == 0 ? 1 : 0), p.logSizeBytes() + (wrong == 1 ? 1 : 0),
                    p.maxTimestampMs() + (wrong == 2 ? 1 : 0), p.newestMs(), p.hasAbortedTransactions(), p.entries(), p.crc());
            List<PageReference> pages = new ArrayList<>(right.pages());
            pages.set(0, altered);
            chain.commit(content -> new ManifestContent(0, content.endOffset(), content.oldest(), pages, content.segments(), List.of(), List.of(), 0)).join();
            BucketVerdict verdict = verify(false);
            assertThat(verdict.problems()).isOne();
            assertThat(verdict.orphans()).isZero();
            assertThat(lines.get(1)).contains("DAMAGED", KEYS.page(p.baseOffset(), p.level(), p.nonce()), "is not what is said of it");
            chain.commit(content -> right).join();
        }
    }

    @Test
    void orphanedPagesAndSegmentsAreListed() throws InterruptedException {
        String page = KEYS.page(segments.get(5).baseOffset(), 0, 4711);
        String segment = segments.get(5).key().replaceFirst("-3-", "-2-");
        objects.put(page, UploadSource.of(ByteBuffer.allocate(321))).join();
        objects.put(segment, UploadSource.of(ByteBuffer.allocate(123))).join();
        objects.put(KEYS.pagePrefix() + "nonsense", UploadSource.of(ByteBuffer.allocate(1))).join();
        BucketVerdict verdict = verify(false);
        assertThat(verdict.problems()).isZero();
        assertThat(verdict.orphans()).isEqualTo(3);
        assertThat(verdict.orphanBytes()).isEqualTo(445);
        assertThat(lines.stream().filter(line -> line.startsWith("orphan"))).anyMatch(line -> line.startsWith("orphan   " + page + ", 321 bytes")).anyMatch(line -> line.startsWith("orphan   " + segment));
    }

    @Test
    void droppedPagesAndTheirSegmentsAwaitTheirDeletionAndAreNoOrphans() throws InterruptedException {
        long before = objects.keys().stream().filter(key -> !key.contains("/manifest/")).count();
        sim.await(log.deleteBefore(segments.get(13).nextOffset() + 1));
        BucketVerdict verdict = verify(false);
        assertThat(verdict.problems()).isZero();
        assertThat(verdict.orphans()).isZero();
        assertThat(verdict.segments()).isEqualTo(SEGMENTS - 14);
        assertThat(verdict.pendingDeletions()).as("all segments, and the pages that are gone or were written anew").isGreaterThan(14 + 3).isLessThan(before);
        assertThat(shown(true, "deletion")).anyMatch(line -> line.contains("with its segments below") && line.endsWith(".page"));
        assertThat(shown(true, "pending")).singleElement().asString().contains("page(s)");
        sim.pass(400_000);
        assertThat(verify(true)).isEqualTo(new BucketVerdict(1, SEGMENTS - 14, log.sizeBytes(), 0, 0, 0, 0));
    }

    /** Runs while the check waits for the first page it wants: all pages it knew of are rewritten or dropped, and deleted. */
    private void meanwhile(Operation held, String keyPart, Runnable broker, ThrowingRunnable check) throws InterruptedException {
        SimFault holding = readable.inject(SimFault.holdingRequests().on(held).forKeys(key -> key.contains(keyPart)));
        Thread other = new Thread(() -> {
            while (holding.heldCount() == 0) {
                Thread.onSpinWait();
            }
            broker.run();
            holding.release();
        });
        other.start();
        check.run();
        other.join();
    }

    private interface ThrowingRunnable {
        void run() throws InterruptedException;
    }

    @Test
    void pagesThatALivingBrokerDropsMeanwhileAreNoDamage() throws InterruptedException {
        meanwhile(Operation.GET_SMALL, "/page/", () -> {
            sim.await(log.deleteBefore(segments.get(10).nextOffset()));
            sim.await(log.append(SegmentFixture.random(random, log.endOffset(), 3, 100)));
            sim.await(log.append(SegmentFixture.random(random, log.endOffset(), 3, 100)));
            sim.pass(400_000);
        }, () -> {
            BucketVerdict verdict = verify(true);
            assertThat(verdict.problems()).as("%s", lines).isZero();
            assertThat(verdict.orphans()).as("%s", lines).isZero();
        });
        objects.delete(segments.get(15).key()).join();
        assertThat(verify(false).problems()).as("what is damaged all the same").isOne();
    }

    @Test
    void damageBehindADroppedPageIsFound() throws InterruptedException {
        ColdStretch first = log.outline().stream().filter(ColdStretch::isPage).findFirst().orElseThrow();
        List<ColdSegment> listed = segments.stream().filter(segment -> segment.baseOffset() >= first.baseOffset() && segment.nextOffset() <= first.nextOffset()).toList();
        ColdSegment rotten = listed.get(listed.size() - 1);
        objects.flipBit(rotten.key(), rotten.logSizeBytes() + 3);
        meanwhile(Operation.GET_SMALL, "/page/", () -> {
            sim.await(log.deleteBefore(listed.get(0).nextOffset()));
            sim.pass(400_000);
        }, () -> {
            assertThat(verify(false).problems()).isOne();
            assertThat(lines.get(1)).contains(rotten.key());
        });
    }

    @Test
    void pagesAreShownAndOnRequestAllThatTheyList() {
        assertThat(shown(false, "segment ")).isEmpty();
        List<String> ofTheManifest = shown(false, "page ");
        assertThat(ofTheManifest).isNotEmpty().hasSizeLessThan(pages("-").size());
        assertThat(shown(false, "segments").get(0)).startsWith("segments  " + SEGMENTS + ", " + log.sizeBytes() + " log bytes");
        assertThat(shown(false, "pages").get(0)).startsWith("pages     " + ofTheManifest.size() + ", before them 2 segment(s), behind them ");

        assertThat(shown(true, "segment ").stream().map(line -> line.substring(line.indexOf(": firn/") + 2)).toList()).isEqualTo(segments.stream().map(ColdSegment::key).toList());
        List<String> all = shown(true, "page ");
        assertThat(all).containsAll(ofTheManifest);
        assertThat(all.stream().map(line -> line.substring(line.indexOf(": firn/") + 2)).sorted().toList()).isEqualTo(pages("-"));
        int above = IntStream.range(0, lines.size()).filter(i -> lines.get(i).startsWith("page ") && lines.get(i).contains(", level 1, ")).findFirst().orElseThrow();
        assertThat(lines.get(above + 1)).as("what a page lists comes behind it").startsWith("page ").contains(", level 0, ");
        assertThat(lines.get(above + 2)).startsWith("segment ");
        assertThat(inspection.show(PARTITION, true, line -> {})).isZero();
    }

    @Test
    void aRottenPageIsToldAndTheRestIsShown() {
        objects.flipBit(pages("-0-").get(1), 50);
        assertThat(inspection.show(PARTITION, true, lines::add)).isOne();
        assertThat(shown(true, "DAMAGED")).singleElement().asString().contains("checksum");
        assertThat(shown(true, "segment ")).hasSizeBetween(SEGMENTS - 3, SEGMENTS - 1);
    }
}
