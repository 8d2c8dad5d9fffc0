package io.firn.hot.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.Seeds;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AbortedTxn;
import org.apache.kafka.storage.internals.log.LazyIndex;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.TxnIndexSearchResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** For any run of batches our index files are, byte for byte, those of Kafka's {@code LogSegment}, and lookups agree. */
class SegmentIndexesOraclePropertyTest {

    private static final int MAX_INDEX_BYTES = 1 << 16;

    @TempDir
    Path directory;

    @Test
    void filesAndLookupsAreKafkas() {
        Seeds.each(60, random -> {
            long baseOffset = random.nextInt(1000);
            // Small batches have few sizes, so that an interval is often met exactly.
            int interval = random.nextBoolean() ? random.nextInt(800) : Batches.plain(0, 1, 10_000).limit() * (1 + random.nextInt(3));
            try (Kafka kafka = new Kafka(Files.createTempDirectory(directory, "segment"), baseOffset, interval)) {
                SegmentIndexes ours = new SegmentIndexes(baseOffset);
                long endOffset = appendToBoth(ours, kafka.segment, baseOffset, interval, random);
                ours.seal();
                ours.seal();
                kafka.segment.onBecomeInactiveSegment();
                kafka.segment.flush();
                assertThat(bytes(ours.offsets().toBytes())).isEqualTo(Files.readAllBytes(kafka.file("index")));
                assertThat(bytes(ours.times().toBytes())).isEqualTo(Files.readAllBytes(kafka.file("timeindex")));
                compareLookups(OffsetIndex.fromBytes(baseOffset, ours.offsets().toBytes()), TimeIndex.fromBytes(baseOffset, ours.times().toBytes()),
                        kafka, baseOffset, endOffset);
            }
        });
    }

    @Test
    void abortedTransactionsAreFoundAsKafkaFindsThem() {
        Seeds.each(60, random -> {
            long baseOffset = random.nextInt(100);
            Path file = Files.createTempDirectory(directory, "txn").resolve("x.txnindex");
            try (org.apache.kafka.storage.internals.log.TransactionIndex kafka = new org.apache.kafka.storage.internals.log.TransactionIndex(baseOffset, file.toFile())) {
                TransactionIndex ours = TransactionIndex.empty(baseOffset);
                long end = appendToBoth(ours, kafka, baseOffset, random);
                kafka.flush();
                assertThat(bytes(ours.toBytes())).isEqualTo(ours.isEmpty() ? new byte[0] : Files.readAllBytes(file));
                if (random.nextBoolean()) {
                    long cut = baseOffset + random.nextInt((int) (end - baseOffset) + 1);
                    kafka.truncateTo(cut);
                    ours.truncateTo(cut);
                }
                TransactionIndex read = TransactionIndex.fromBytes(baseOffset, ours.toBytes());
                for (int i = 0; i < 50; i++) {
                    long from = baseOffset + random.nextInt((int) (end - baseOffset) + 2);
                    long to = from + random.nextInt(40);
                    TxnIndexSearchResult expected = kafka.collectAbortedTxns(from, to);
                    List<AbortedTransaction> found = new ArrayList<>();
                    assertThat(read.collect(from, to, found::add)).isEqualTo(expected.isComplete());
                    assertThat(found).isEqualTo(expected.abortedTransactions().stream().map(SegmentIndexesOraclePropertyTest::ours).toList());
                }
            }
        });
    }

    private static long appendToBoth(SegmentIndexes ours, LogSegment kafka, long baseOffset, int interval, Random random) throws IOException {
        long offset = baseOffset;
        int position = 0;
        boolean coarse = random.nextBoolean();
        long clock = random.nextInt(5) == 0 ? -1 : 10_000;
        for (int i = random.nextInt(60); i > 0; i--) {
            long timestamp = clock < 0 ? -1 : clock + 10 * random.nextInt(8) - 20;
            int count = 1 + random.nextInt(coarse ? 1 : 6);
            ByteBuffer bytes = timestamp < 0
                    ? Batches.mendCrc(Batches.plain(offset, count, 0).putLong(35, -1))
                    : Batches.plain(offset, count, timestamp);
            BatchHeader batch = Batches.header(bytes);
            ours.onBatch(batch.lastOffset(), batch.maxTimestamp(), position, batch.sizeInBytes(), interval);
            kafka.append(batch.lastOffset(), MemoryRecords.readableRecords(bytes.duplicate()));
            position += batch.sizeInBytes();
            offset = batch.nextOffset() + (random.nextInt(6) == 0 ? random.nextInt(50) : 0);
            clock = clock < 0 ? clock : clock + 10 * random.nextInt(4);
        }
        return offset;
    }

    private static void compareLookups(OffsetIndex offsets, TimeIndex times, Kafka kafka, long baseOffset, long endOffset) throws IOException {
        for (long offset = baseOffset; offset <= endOffset + 1; offset++) {
            assertThat(offsets.positionBefore(offset)).isEqualTo(kafka.segment.offsetIndex().lookup(offset).position());
        }
        for (int slot = 0; slot < offsets.entries(); slot++) {
            assertThat(kafka.segment.log().batchesFrom(offsets.position(slot)).iterator().next().lastOffset()).isEqualTo(offsets.offset(slot));
            assertThat(offsets.ceilingSlotOfPosition(offsets.position(slot))).isEqualTo(slot);
            assertThat(offsets.ceilingSlotOfPosition(offsets.position(slot) + 1)).isEqualTo(slot + 1 < offsets.entries() ? slot + 1 : -1);
        }
        for (long timestamp = 9_970; timestamp < 12_000; timestamp += 3) {
            int slot = times.floorSlot(timestamp);
            assertThat(slot < 0 ? baseOffset : times.offset(slot)).isEqualTo(kafka.segment.timeIndex().lookup(timestamp).offset());
        }
    }

    private static long appendToBoth(TransactionIndex ours, org.apache.kafka.storage.internals.log.TransactionIndex kafka, long baseOffset, Random random)
            throws IOException {
        long end = baseOffset;
        for (int i = random.nextInt(20); i > 0; i--) {
            long last = end + random.nextInt(10);
            long first = Math.max(0, last - random.nextInt(60));
            AbortedTransaction aborted = new AbortedTransaction(random.nextInt(5), first, last, Math.max(0, last + 1 - random.nextInt(30)));
            ours.append(aborted);
            kafka.append(new AbortedTxn(aborted.producerId(), first, last, aborted.lastStableOffset()));
            end = last + 1;
        }
        return end;
    }

    private static AbortedTransaction ours(AbortedTxn kafka) {
        return new AbortedTransaction(kafka.producerId(), kafka.firstOffset(), kafka.lastOffset(), kafka.lastStableOffset());
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** A segment of Kafka's. */
    private static final class Kafka implements AutoCloseable {
        private final Path directory;
        private final LogSegment segment;

        Kafka(Path directory, long baseOffset, int interval) throws IOException {
            this.directory = directory;
            this.segment = new LogSegment(FileRecords.open(file("log").toFile()),
                    LazyIndex.forOffset(file("index").toFile(), baseOffset, MAX_INDEX_BYTES),
                    LazyIndex.forTime(file("timeindex").toFile(), baseOffset, MAX_INDEX_BYTES),
                    new org.apache.kafka.storage.internals.log.TransactionIndex(baseOffset, file("txnindex").toFile()),
                    baseOffset, interval, 0, Time.SYSTEM);
        }

        Path file(String extension) {
            return directory.resolve("s." + extension);
        }

        @Override
        public void close() throws IOException {
            segment.close();
        }
    }
}
