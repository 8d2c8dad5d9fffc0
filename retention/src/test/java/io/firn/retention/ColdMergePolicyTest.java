package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdSegment;
import io.firn.retention.ColdMergePolicy.Found;
import io.firn.retention.ColdMergePolicy.Limits;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ColdMergePolicyTest {

    private static final Limits FOR_EVER = new Limits(10_000, -1, -1);

    /** Ten offsets and a hundred ms each. */
    private static List<ColdSegment> segments(long... sizes) {
        List<ColdSegment> segments = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            segments.add(new ColdSegment(10L * i, 10L * i + 10, 0, sizes[i], sizes[i] + 500, 100L * i, 0, "key-" + i));
        }
        return segments;
    }

    private static List<ColdSegment> equal(int count, long size) {
        long[] sizes = new long[count];
        Arrays.fill(sizes, size);
        return segments(sizes);
    }

    @Test
    void eightSmallSegmentsBecomeOneAndSevenWaitForMore() {
        List<ColdSegment> eight = equal(8, 100);
        assertThat(ColdMergePolicy.of(eight, FOR_EVER, 0).run()).isEqualTo(eight);
        Found seven = ColdMergePolicy.of(equal(7, 100), FOR_EVER, 0);
        assertThat(seven.run()).isEmpty();
        assertThat(seven.settledOffset()).as("they are looked at again with the next one").isZero();
    }

    @Test
    void aRunEndsWhereTheTargetIsReached() {
        assertThat(ColdMergePolicy.of(equal(30, 1_000), FOR_EVER, 0).run()).hasSize(10);
    }

    @Test
    void whatHasHalfOfTheTargetIsLeftAloneAndSplitsRuns() {
        assertThat(ColdMergePolicy.of(segments(100, 100, 100, 100, 5_000, 100, 100, 100, 100), FOR_EVER, 0).run()).isEmpty();
        Found none = ColdMergePolicy.of(equal(50, 5_000), FOR_EVER, 0);
        assertThat(none.run()).isEmpty();
        assertThat(none.settledOffset()).isEqualTo(500);
    }

    @Test
    void aLargeOneIsNotWrittenAgainForTheSakeOfSmallNeighbours() {
        List<ColdSegment> segments = segments(2_000, 10, 10, 10, 10, 10, 10, 10, 10);
        assertThat(ColdMergePolicy.of(segments, FOR_EVER, 0).run()).isEqualTo(segments.subList(1, 9));
    }

    @Test
    void nothingIsMergedThatRetentionWouldDeleteLaterForIt() {
        List<ColdSegment> spread = equal(40, 100);
        Limits hours = new Limits(10_000, 10_000, -1);
        assertThat(ColdMergePolicy.of(spread, hours, 0).run()).as("a tenth of the time").hasSize(11);
        assertThat(ColdMergePolicy.of(equal(40, 100), new Limits(10_000, 5_000, -1), 0).run()).as("too few in a tenth").isEmpty();
        assertThat(ColdMergePolicy.of(equal(9, 100), hours, 9_900).run()).as("about to expire").isEmpty();
        assertThat(ColdMergePolicy.of(spread, new Limits(10_000, -1, 9_000), 0).run()).as("a tenth of the size").hasSize(9);
    }

    @Test
    void aRunKeepsItsOffsetsAddressable() {
        List<ColdSegment> far = new ArrayList<>();
        for (long i = 0; i < 16; i++) {
            far.add(new ColdSegment(i << 28, (i + 1) << 28, 0, 100, 600, 0, 0, "key-" + i));
        }
        assertThat(ColdMergePolicy.of(far, FOR_EVER, 0).run()).isEmpty();
    }

    @Test
    void howeverASlowTopicGrowsItsBytesAreWrittenAFewTimesAndItsSegmentsStayFew() {
        Limits limits = new Limits(1 << 20, -1, -1);
        List<ColdSegment> log = new ArrayList<>();
        long written = 0;
        int count = 4_000;
        for (int i = 0; i < count; i++) {
            log.add(new ColdSegment(10L * i, 10L * i + 10, 0, 1_000, 1_500, i, 0, "key-" + i));
            for (Found found = ColdMergePolicy.of(log, limits, 0); !found.run().isEmpty(); found = ColdMergePolicy.of(log, limits, 0)) {
                List<ColdSegment> run = found.run();
                long bytes = run.stream().mapToLong(ColdSegment::logSizeBytes).sum();
                int at = log.indexOf(run.get(0));
                log.subList(at, at + run.size()).clear();
                log.add(at, new ColdSegment(run.get(0).baseOffset(), run.get(run.size() - 1).nextOffset(), 0, bytes, bytes + 500, i, 0, "merged-" + i));
                written += bytes;
            }
        }
        assertThat(log.stream().mapToLong(ColdSegment::logSizeBytes).sum()).isEqualTo(1_000L * count);
        assertThat(log.size()).isLessThan(count / 80);
        assertThat((double) written / (1_000L * count)).as("times each byte was written again").isLessThan(5); // log4(1 MiB / 1000 bytes)
    }
}
