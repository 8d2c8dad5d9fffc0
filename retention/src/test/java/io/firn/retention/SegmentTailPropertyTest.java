package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdFixture;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdRead;
import io.firn.cold.ColdTimestamp;
import io.firn.cold.SegmentFixture;
import java.io.IOException;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The cold tier takes a tail as any other segment: it audits it, and finds every record of it by offset and by time. {@code -Dfirn.seed=N} replays one case. */
class SegmentTailPropertyTest {
    private static final int CASES = 30;

    @Test
    void aTailOfARealSegmentIsReadBackByOffsetAndByTime() throws IOException {
        Long only = Long.getLong("firn.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? CASES : only + 1); seed++) {
            try {
                check(new Random(seed));
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + " (replay with -Dfirn.seed=" + seed + ")", e);
            }
        }
    }

    private static void check(Random random) throws IOException {
        ColdFixture fixture = new ColdFixture();
        ColdLog cold = fixture.log(3);
        SegmentFixture whole = SegmentFixture.random(random, random.nextInt(1_000), 2, 1 + random.nextInt(200_000));
        long from = whole.batches().get(random.nextInt(whole.batches().size())).baseOffset();
        fixture.await(cold.append(SegmentTail.cut(whole, from)));
        assertThat(cold.startOffset()).isEqualTo(from);
        assertThat(cold.endOffset()).isEqualTo(whole.nextOffset());

        SegmentFixture.Batch batch = whole.batchOf(from + random.nextLong(whole.nextOffset() - from));
        ColdRead read = fixture.await(cold.read(batch.nextOffset() - 1, 1, whole.nextOffset(), true));
        assertThat(read.baseOffset()).isEqualTo(batch.baseOffset());
        assertThat(ColdFixture.bytes(read)).isEqualTo(whole.bytes(batch.baseOffset(), batch.nextOffset()));
        read.release();

        long timestampMs = whole.records().get(random.nextInt(whole.records().size())).timestampMs() - random.nextInt(3);
        Optional<Long> expected = whole.records().stream().filter(r -> r.offset() >= from && r.timestampMs() >= timestampMs).map(SegmentFixture.Rec::offset).findFirst();
        assertThat(fixture.await(cold.offsetForTimestamp(timestampMs, from)).map(ColdTimestamp::offset)).isEqualTo(expected);
    }
}
