package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static io.firn.cold.ReaderFixture.EARLIEST;
import static io.firn.cold.ReaderFixture.END;
import static io.firn.cold.ReaderFixture.range;
import static io.firn.cold.ReaderFixture.take;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.PageShape;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** Readers without a broker over a log of which most is listed in pages, and in pages of pages. */
class ColdLogReaderPagesTest {

    private static final PageShape TINY = new PageShape(2, 2, 2, 3, 2);
    private static final int SEGMENTS = 24;

    private final ColdFixture cold = new ColdFixture(ColdFixture.config(16 * CHUNK, 0), TINY);
    private final Random random = new Random(12);
    private final ReaderFixture reading = new ReaderFixture(cold);
    private final SimObjectStore readable = reading.readable;
    private final SimpleMeterRegistry meters = reading.meters;
    private final ColdLogReader reader = reading.reader;
    private final List<SegmentFixture> segments = new ArrayList<>();
    private final ColdLog log = cold.log(1);

    ColdLogReaderPagesTest() {
        for (int i = 0; i < SEGMENTS; i++) {
            segments.add(SegmentFixture.random(random, log.endOffset(), 1, 300));
            cold.await(log.append(segments.get(i)));
        }
        cold.sim.pass(200_000);
        assertThat(pages("-1-")).as("pages of pages").isNotEmpty();
    }

    private List<String> pages(String level) {
        return cold.objects.keys().stream().filter(key -> key.endsWith(".page") && key.substring(key.lastIndexOf('/')).contains(level)).sorted().toList();
    }

    @Test
    void theWholeLogIsReadEachPageOnce() {
        ColdStream stream = reading.stream(EARLIEST, END, true);
        assertThat(stream.limitOffset()).isEqualTo(log.endOffset());
        assertThat(stream.remainingBytes()).isEqualTo(log.sizeBytes());
        assertThat(reading.offsets(stream)).isEqualTo(range(0, log.endOffset()));
        assertThat(stream.remainingBytes()).isZero();
        assertThat(meters.get("firn.cold.page.gets").counter().count()).isEqualTo(pages("-").size());
        assertThat(meters.get("firn.cold.cache.page.bytes").gauge().value()).isPositive();
    }

    @Test
    void anyOffsetAndAnyTimeIsFound() {
        long end = log.endOffset();
        for (SegmentFixture segment : segments) {
            long from = segment.baseOffset();
            assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(from), new ColdPosition.Offset(from + 1), false))).containsExactly(from);
            long timestampMs = segment.records().get(0).timestampMs();
            long first = segments.stream().flatMap(one -> one.records().stream()).filter(rec -> rec.timestampMs() >= timestampMs).findFirst().orElseThrow().offset();
            ColdStream byTime = reading.stream(new ColdPosition.Time(timestampMs), END, false);
            assertThat(byTime.startOffset()).isEqualTo(first);
            assertThat(reading.offsets(byTime)).isEqualTo(range(first, end));
        }
    }

    @Test
    void abortedTransactionsAreFoundThroughPages() {
        long base = log.endOffset();
        cold.await(log.append(new SegmentFixture(base, 1).transactional(7, 3).batch(random, Compression.NONE, 2, 10)));
        cold.await(log.append(new SegmentFixture(base + 5, 1).marker(7, false).batch(random, Compression.NONE, 1, 10).aborted(7, base, base + 5, base)));
        for (int i = 0; i < SEGMENTS; i++) {
            cold.await(log.append(new SegmentFixture(log.endOffset(), 1).batch(random, Compression.NONE, 1, 10)));
        }
        assertThat(log.outline().stream().filter(stretch -> !stretch.isPage()).noneMatch(one -> one.baseOffset() == base || one.baseOffset() == base + 5)).isTrue();
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(base), new ColdPosition.Offset(base + 8), true))).containsExactly(base + 3, base + 4, base + 6, base + 7);
    }

    @Test
    void pagesThatAreRewrittenUnderAReaderLeadToTheNewerManifest() {
        ColdStream stream = reading.stream(EARLIEST, END, false);
        List<Long> offsets = new ArrayList<>();
        take(cold.await(stream.next()).orElseThrow(), offsets);
        assertThat(meters.get("firn.cold.page.gets").counter().count()).as("it has not come to a page").isZero();
        List<String> known = pages("-");
        for (int i = 4; i < SEGMENTS - 4; i += 3) {
            cold.await(log.replace(List.of(cold.segments(log).get(i)), List.of(segments.get(i))));
        }
        cold.sim.pass(400_000);
        assertThat(pages("-")).as("every page has been written anew").doesNotContainAnyElementsOf(known);
        int lists = readable.requests(Operation.LIST);
        offsets.addAll(reading.offsets(stream));
        assertThat(offsets).isEqualTo(range(0, log.endOffset()));
        assertThat(readable.requests(Operation.LIST)).as("it has looked for a newer manifest").isEqualTo(lists + 1);
    }

    @Test
    void pagesThatExpireUnderAReaderAreReportedAndItGoesOn() {
        ColdStream stream = reading.stream(EARLIEST, END, true);
        List<Long> offsets = new ArrayList<>();
        take(cold.await(stream.next()).orElseThrow(), offsets);
        long start = segments.get(15).baseOffset() + 1;
        cold.await(log.deleteBefore(start));
        cold.sim.pass(400_000);
        offsets.addAll(reading.offsets(stream));
        long gone = -offsets.get(offsets.indexOf(-start) - 1);
        assertThat(gone).isLessThanOrEqualTo(segments.get(2).nextOffset());
        List<Long> expected = new ArrayList<>(range(0, gone));
        expected.addAll(List.of(-gone, -start));
        expected.addAll(range(start, log.endOffset()));
        assertThat(offsets).isEqualTo(expected);
        assertThat(reading.stream(EARLIEST, END, false).startOffset()).isEqualTo(start);
    }

    @Test
    void aPositionIsLookedForAnewWhereItsPagesWereDropped() {
        // The manifest is read; before its page is, that is rewritten and deleted.
        SimFault held = readable.inject(SimFault.holdingReplies().on(Operation.GET_SMALL).forKeys(key -> key.endsWith(".manifest")));
        SegmentFixture.Rec record = segments.get(10).records().get(0);
        CompletableFuture<ColdStream> opening = reader.stream(PARTITION, new ColdPosition.Time(record.timestampMs()), END, false);
        while (held.heldCount() == 0) {
            assertThat(cold.sim.step()).isTrue();
        }
        for (int i = 4; i < SEGMENTS - 4; i += 3) {
            cold.await(log.replace(List.of(cold.segments(log).get(i)), List.of(segments.get(i))));
        }
        cold.sim.pass(400_000);
        held.release();
        long first = segments.stream().flatMap(one -> one.records().stream()).filter(rec -> rec.timestampMs() >= record.timestampMs()).findFirst().orElseThrow().offset();
        assertThat(cold.await(opening).startOffset()).isEqualTo(first);
    }

    @Test
    void whoeverWaitsForAPageIsToldWhenTheReaderIsClosedOrTheStoreDoesNotAnswer() {
        readable.inject(SimFault.holdingRequests().on(Operation.GET).forKeys(key -> key.endsWith(".page")));
        ColdPosition time = new ColdPosition.Time(segments.get(10).records().get(0).timestampMs());
        CompletableFuture<ColdStream> late = reader.stream(PARTITION, time, END, false);
        cold.sim.pass(3_001);
        assertThat(cold.failure(late)).isInstanceOf(ColdStoreException.Unavailable.class);
        CompletableFuture<ColdStream> closedUnder = reader.stream(PARTITION, time, END, false);
        cold.sim.settle();
        assertThat(closedUnder).isNotDone();
        reader.close();
        assertThat(cold.failure(closedUnder)).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void aPageThatTheNewestManifestNamesAndThatIsGoneIsDamage() {
        String lost = pages("-0-").get(2);
        cold.await(cold.objects.delete(lost));
        List<Long> offsets = new ArrayList<>();
        ColdStream stream = reading.stream(EARLIEST, END, false);
        assertThat(reading.failureOf(stream, offsets)).isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining(lost);
        assertThat(offsets).isNotEmpty().isEqualTo(range(0, offsets.size()));
        assertThat(reading.failureOf(stream, offsets)).isInstanceOf(ColdStoreException.Missing.class);
    }

    @Test
    void aRottenPageIsNeverBelieved() {
        String rotten = pages("-0-").get(2);
        cold.objects.flipBit(rotten, 60);
        List<Long> offsets = new ArrayList<>();
        assertThat(reading.failureOf(reading.stream(EARLIEST, END, false), offsets)).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(offsets).isNotEmpty().isEqualTo(range(0, offsets.size()));
    }

    @Test
    void aRecoveryIsToldOfAllThatIsInPages() {
        long largestMs = segments.stream().flatMap(segment -> segment.records().stream()).mapToLong(SegmentFixture.Rec::timestampMs).max().orElseThrow();
        for (int i = 0; i < 6; i++) {
            cold.await(log.append(new SegmentFixture(log.endOffset(), 1).emptyBatch(2, 5).open(8, log.endOffset() + 1)));
        }
        long newestOffset = segments.get(SEGMENTS - 1).baseOffset();
        assertThat(log.outline().stream().filter(stretch -> stretch.baseOffset() <= newestOffset && newestOffset < stretch.nextOffset())).as("it lies in a page").allMatch(ColdStretch::isPage);
        cold.await(log.deleteBefore(segments.get(9).baseOffset() + 1));
        ColdTopicHistory history = cold.await(cold.another(7).history(PARTITION.topic()));
        ColdTopicHistory.Partition partition = history.partitions().get(0);
        assertThat(partition.startOffset()).isEqualTo(segments.get(9).baseOffset() + 1);
        assertThat(partition.endOffset()).isEqualTo(log.endOffset());
        assertThat(partition.maxTimestampMs()).isEqualTo(largestMs);
        assertThat(partition.openTransaction()).hasValue(log.endOffset() - 1);
    }
}
