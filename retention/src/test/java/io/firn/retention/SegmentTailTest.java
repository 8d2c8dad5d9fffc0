package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.SegmentSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class SegmentTailTest {
    private static final int BATCHES = 20;
    private static final int RECORDS = 3;
    private static final int BATCH_BYTES = 100;

    @Test
    void theTailBeginsWithTheBatchAtTheBoundary() throws IOException {
        for (int batch = 0; batch < BATCHES; batch++) {
            long from = 1_000 + batch * RECORDS;
            SegmentTail tail = SegmentTail.cut(new Whole(), from);
            assertThat(tail.baseOffset()).isEqualTo(from);
            assertThat(tail.nextOffset()).isEqualTo(1_000 + BATCHES * RECORDS);
            assertThat(tail.logSizeBytes()).isEqualTo((BATCHES - batch) * BATCH_BYTES);
            ByteBuffer first = ByteBuffer.allocate(8);
            assertThat(tail.readLog(0, first)).isEqualTo(8);
            assertThat(first.getLong(0)).isEqualTo(from);
        }
    }

    @Test
    void offsetIndexEntriesPointToTheSameBatchesAsBefore() throws IOException {
        SegmentTail tail = SegmentTail.cut(new Whole(), 1_000 + 7 * RECORDS);
        ByteBuffer index = tail.offsetIndex();
        assertThat(index.remaining()).isEqualTo(8 * 4);
        while (index.hasRemaining()) {
            long lastOffset = tail.baseOffset() + index.getInt();
            ByteBuffer batch = ByteBuffer.allocate(8);
            tail.readLog(index.getInt(), batch);
            assertThat(batch.getLong(0) + RECORDS - 1).isEqualTo(lastOffset);
        }
    }

    @Test
    void timeAndTransactionIndexKeepWhatLiesInTheTail() throws IOException {
        SegmentTail tail = SegmentTail.cut(new Whole(), 1_000 + 7 * RECORDS);
        ByteBuffer times = tail.timeIndex();
        assertThat(times.remaining()).isEqualTo(12 * 4);
        assertThat(times.getLong()).isEqualTo(1_000 + 9 * RECORDS - 1);
        assertThat(tail.baseOffset() + times.getInt()).isEqualTo(1_000 + 9 * RECORDS - 1);
        ByteBuffer transactions = tail.transactionIndex();
        assertThat(transactions.remaining()).isEqualTo(34);
        assertThat(transactions.getLong(2)).as("producer").isEqualTo(2);
        assertThat(transactions.getLong(10)).as("first offset, before the tail").isEqualTo(1_001);
    }

    @Test
    void aBoundaryInsideABatchMeansThatTheTiersHoldDifferentLogs() {
        assertThatThrownBy(() -> SegmentTail.cut(new Whole(), 1_000 + 7 * RECORDS + 1)).isInstanceOf(IOException.class)
                .hasMessageContaining("different logs");
    }

    /** Twenty batches of three records; every third batch has its index entries; two aborted transactions. */
    private static final class Whole implements SegmentSource {
        @Override
        public long baseOffset() {
            return 1_000;
        }

        @Override
        public long nextOffset() {
            return 1_000 + BATCHES * RECORDS;
        }

        @Override
        public long logSizeBytes() {
            return BATCHES * BATCH_BYTES;
        }

        @Override
        public long maxTimestampMs() {
            return 5;
        }

        @Override
        public int readLog(long position, ByteBuffer target) {
            ByteBuffer log = ByteBuffer.allocate(BATCHES * BATCH_BYTES);
            for (int batch = 0; batch < BATCHES; batch++) {
                log.putLong(batch * BATCH_BYTES, 1_000 + batch * RECORDS).putInt(batch * BATCH_BYTES + 8, BATCH_BYTES - 12)
                        .putInt(batch * BATCH_BYTES + 23, RECORDS - 1);
            }
            int count = Math.min(target.remaining(), (int) (log.capacity() - position));
            target.put(log.slice((int) position, count));
            return count;
        }

        @Override
        public ByteBuffer offsetIndex() {
            ByteBuffer index = ByteBuffer.allocate(1_000);
            for (int batch = 2; batch < BATCHES; batch += 3) {
                index.putInt(batch * RECORDS + RECORDS - 1).putInt(batch * BATCH_BYTES);
            }
            return index.flip();
        }

        @Override
        public ByteBuffer timeIndex() {
            ByteBuffer index = ByteBuffer.allocate(1_000);
            for (int batch = 2; batch < BATCHES; batch += 3) {
                index.putLong(1_000 + batch * RECORDS + RECORDS - 1).putInt(batch * RECORDS + RECORDS - 1);
            }
            return index.flip();
        }

        @Override
        public ByteBuffer transactionIndex() {
            ByteBuffer index = ByteBuffer.allocate(68);
            index.putShort((short) 0).putLong(1).putLong(1_000).putLong(1_005).putLong(1_001);
            index.putShort((short) 0).putLong(2).putLong(1_001).putLong(1_030).putLong(1_031);
            return index.flip();
        }

        @Override
        public ByteBuffer leaderEpochs() {
            return ByteBuffer.allocate(0);
        }

        @Override
        public ByteBuffer producerSnapshot() {
            return ByteBuffer.allocate(0);
        }
    }
}
