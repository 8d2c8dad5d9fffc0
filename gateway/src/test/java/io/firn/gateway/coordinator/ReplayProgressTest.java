package io.firn.gateway.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.junit.jupiter.api.Test;

class ReplayProgressTest {

    /** Checks the coordinator's own rules, and keeps what was reported. */
    private static final class Recording implements CoordinatorPlayback<CoordinatorRecord> {
        private final List<Long> written = new ArrayList<>(List.of(0L));
        private long committed;

        @Override
        public void replay(long offset, long producerId, short producerEpoch, CoordinatorRecord record) {
            throw new AssertionError("not the progress's business");
        }

        @Override
        public void replayEndTransactionMarker(long producerId, short producerEpoch, TransactionResult result) {
            throw new AssertionError("not the progress's business");
        }

        @Override
        public void updateLastWrittenOffset(long offset) {
            assertThat(offset).isGreaterThan(written.get(written.size() - 1));
            written.add(offset);
        }

        @Override
        public void updateLastCommittedOffset(long offset) {
            assertThat(offset).isGreaterThanOrEqualTo(committed);
            assertThat(written).contains(offset);
            committed = offset;
        }
    }

    @Test
    void everyHighWatermarkThatMayStillComeIsAnOffsetReportedAsWritten() {
        long seed = Long.getLong("firn.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int run = 0; run < 500; run++) {
            check("-Dfirn.seed=" + seed + " run " + run, random);
        }
    }

    private static void check(String label, Random random) {
        long start = random.nextInt(3) * 1_000L;
        int batches = random.nextInt(60);
        long[] ends = LongStream.range(0, batches).map(i -> 1 + random.nextInt(random.nextBoolean() ? 3 : 3_000)).toArray();
        for (int i = 0; i < ends.length; i++) {
            ends[i] += i == 0 ? start : ends[i - 1];
        }
        long end = batches == 0 ? start : ends[batches - 1];
        long highWatermark = batches == 0 || random.nextInt(5) == 0 ? end : ends[random.nextInt(batches)];
        Recording recording = new Recording();
        ReplayProgress progress = new ReplayProgress(recording, start, highWatermark);

        for (long next : ends) {
            progress.before(next);
            progress.after(next);
        }
        progress.end(end);

        assertThat(recording.committed).as(label).isEqualTo(highWatermark);
        assertThat(recording.written.get(recording.written.size() - 1)).as(label).isEqualTo(end);
        LongStream.of(ends).filter(next -> next >= highWatermark).forEach(next -> assertThat(recording.written).as(label).contains(next));
    }

    @Test
    void aTailThatCompactionTookCountsAsWritten() {
        Recording recording = new Recording();
        ReplayProgress progress = new ReplayProgress(recording, 0, 9);
        progress.before(5);
        progress.after(5);

        progress.end(9);

        assertThat(recording.written).containsExactly(0L, 5L, 9L);
        assertThat(recording.committed).isEqualTo(9);
    }

    @Test
    void longCommittedLogsAreReportedNowAndThen() {
        Recording recording = new Recording();
        ReplayProgress progress = new ReplayProgress(recording, 0, 100_000);
        for (long next = 1; next <= 100_000; next++) {
            progress.before(next);
            progress.after(next);
        }
        progress.end(100_000);

        assertThat(recording.written).hasSizeBetween(5, 10);
    }
}
