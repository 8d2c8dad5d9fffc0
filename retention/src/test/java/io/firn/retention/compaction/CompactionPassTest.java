package io.firn.retention.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** What compaction keeps, beyond what Kafka's cleaner can say: other rules, bad batches, little memory. */
class CompactionPassTest {
    private static final PassInput WHOLE = new PassInput(1_000, 100, true, List.of(), List.of());

    private static SimpleRecord record(String key, String value) {
        return new SimpleRecord(500, key == null ? null : key.getBytes(StandardCharsets.UTF_8), value == null ? null : value.getBytes(StandardCharsets.UTF_8));
    }

    private static ByteBuffer batch(long baseOffset, Compression compression, SimpleRecord... records) {
        return MemoryRecords.withRecords(baseOffset, compression, records).buffer();
    }

    private static MemorySegment segment(ByteBuffer... batches) {
        long base = batches[0].getLong(0);
        MemorySegment segment = new MemorySegment(base, base);
        for (ByteBuffer batch : batches) {
            segment.batch(batch);
            segment.nextOffset = batch.getLong(0) + batch.getInt(23) + 1;
        }
        return segment;
    }

    private static List<MemorySegment> compact(PassInput input, MemorySegment... segments) throws IOException {
        try (CompactionPass pass = new CompactionPass(input, 0, segments[segments.length - 1].nextOffset, 1 << 20, () -> false)) {
            for (MemorySegment segment : segments) {
                assertThat(pass.index(segment)).isTrue();
            }
            List<MemorySegment> rewritten = new ArrayList<>();
            for (MemorySegment segment : segments) {
                rewritten.add(MemorySegment.rewrite(pass, List.of(segment)));
            }
            return rewritten;
        }
    }

    private static List<Long> offsets(MemorySegment segment) {
        return segment.records().stream().map(Record::offset).toList();
    }

    /** Bytes that are no records, in an undamaged batch: what a broken client may send. */
    private static ByteBuffer garbage(long baseOffset, Compression compression, String... keys) {
        SimpleRecord[] records = new SimpleRecord[keys.length];
        for (int i = 0; i < keys.length; i++) {
            records[i] = record(keys[i], "v".repeat(200));
        }
        ByteBuffer batch = batch(baseOffset, compression, records);
        for (int at = 61; at < batch.limit(); at++) {
            batch.put(at, (byte) 0xff);
        }
        return signed(batch);
    }

    private static ByteBuffer signed(ByteBuffer batch) {
        CRC32C crc = new CRC32C();
        crc.update(batch.duplicate().position(21));
        return batch.putInt(17, (int) crc.getValue());
    }

    @Test
    void aRecordWithoutKeyIsKept() throws IOException {
        MemorySegment segment = segment(batch(0, Compression.gzip().build(), record(null, "a"), record("k", "1"), record(null, null), record("k", "2")));
        assertThat(offsets(compact(WHOLE, segment).get(0))).containsExactly(0L, 2L, 3L);
        assertThat(compact(WHOLE, segment).get(0).batches().get(0).deleteHorizonMs()).as("no tombstone").isEmpty();
    }

    @Test
    void aBatchThatCannotBeReadIsKeptByteForByteAndSupersedesNothing() throws IOException {
        for (Compression codec : List.of(Compression.NONE, Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build())) {
            ByteBuffer bad = garbage(2, codec, "k", "k2", "k3");
            MemorySegment segment = segment(batch(0, codec, record("k", "1"), record("k2", "1")), bad, batch(5, codec, record("k2", "2")));
            try (CompactionPass pass = new CompactionPass(WHOLE, 0, 6, 1 << 20, () -> false)) {
                pass.index(segment);
                MemorySegment rewritten = MemorySegment.rewrite(pass, List.of(segment));
                assertThat(rewritten.batches()).hasSize(3);
                assertThat(rewritten.batches().get(0).countOrNull()).isEqualTo(1);
                assertThat(bytes(rewritten.batches().get(1))).isEqualTo(bad);
                assertThat(pass.counts().unreadableBatches()).isEqualTo(1);
            }
        }
    }

    @Test
    void aBatchWhoseCountsOrOffsetsLieIsKept() throws IOException {
        ByteBuffer fewer = batch(0, Compression.zstd().build(), record("k", "1"), record("k", "2"), record("k", "3"));
        signed(fewer.putInt(57, 2));
        MemorySegment segment = segment(fewer, batch(3, Compression.NONE, record("k", "4")));
        assertThat(bytes(compact(WHOLE, segment).get(0).batches().get(0))).isEqualTo(fewer);
    }

    private static ByteBuffer bytes(MutableRecordBatch batch) {
        ByteBuffer bytes = ByteBuffer.allocate(batch.sizeInBytes());
        batch.writeTo(bytes);
        return bytes.flip();
    }

    @Test
    void aDamagedBatchEndsThePassAndGetsNoNewChecksum() {
        ByteBuffer damaged = batch(0, Compression.NONE, record("k", "value"), record("k", "value2"));
        damaged.put(damaged.limit() - 2, (byte) 'X');
        MemorySegment segment = segment(damaged);
        assertThatThrownBy(() -> compact(WHOLE, segment)).isInstanceOf(IOException.class).hasMessageContaining("position 0");
    }

    @Test
    void whatLiesBelowThePassKeepsItsTombstones() throws IOException {
        MemorySegment segment = segment(batch(0, Compression.NONE, record("k", "1")), batch(1, Compression.NONE, record("k", null)));
        PassInput part = new PassInput(1_000, 100, false, List.of(), List.of());
        MemorySegment once = compact(part, segment).get(0);
        assertThat(offsets(once)).containsExactly(1L);
        assertThat(once.batches().get(once.batches().size() - 1).deleteHorizonMs()).isEmpty();
        MemorySegment horizon = compact(WHOLE, once).get(0);
        assertThat(horizon.batches().get(0).deleteHorizonMs()).hasValue(1_100);
        PassInput later = new PassInput(5_000, 100, false, List.of(), List.of());
        assertThat(offsets(compact(later, horizon).get(0))).as("expired, but not for a part of the log").containsExactly(1L);
        assertThat(offsets(compact(new PassInput(1_099, 100, true, List.of(), List.of()), horizon).get(0))).containsExactly(1L);
        assertThat(offsets(compact(new PassInput(1_100, 100, true, List.of(), List.of()), horizon).get(0))).isEmpty();
    }

    @Test
    void timesStayAsTheyWereWhenADeleteHorizonTakesTheBaseTimestampsPlace() throws IOException {
        MemorySegment segment = segment(batch(0, Compression.lz4().build(), record("a", "1"), record("b", null), record("c", "3")));
        MemorySegment compacted = compact(new PassInput(Long.MAX_VALUE / 4, Long.MAX_VALUE / 4, true, List.of(), List.of()), segment).get(0);
        assertThat(compacted.batches().get(0).deleteHorizonMs()).hasValue(Long.MAX_VALUE / 4 * 2);
        assertThat(compacted.records()).extracting(Record::timestamp).containsExactly(500L, 500L, 500L);
        assertThat(compacted.records()).extracting(Record::key).isEqualTo(segment.records().stream().map(Record::key).toList());
        assertThat(compacted.batches().get(0).maxTimestamp()).isEqualTo(500);
    }

    @Test
    void aGroupEndsWithABatchThatEndsWhereItDid() throws IOException {
        MemorySegment first = segment(batch(0, Compression.NONE, record("k", "1")), batch(1, Compression.NONE, record("k", "2")));
        MemorySegment second = segment(batch(2, Compression.NONE, record("k", "3")));
        List<MemorySegment> alone = compact(WHOLE, first, second);
        assertThat(alone.get(0).records()).isEmpty();
        assertThat(alone.get(0).batches()).hasSize(1);
        assertThat(alone.get(0).batches().get(0).nextOffset()).isEqualTo(2);
        assertThat(alone.get(0).batches().get(0).maxTimestamp()).as("no record, no time to be found by").isEqualTo(-1);
        try (CompactionPass pass = new CompactionPass(WHOLE, 0, 3, 1 << 20, () -> false)) {
            pass.index(first);
            pass.index(second);
            assertThat(MemorySegment.rewrite(pass, List.of(first, second)).batches()).hasSize(1);
            assertThat(pass.changed()).isTrue();
        }
    }

    @Test
    void aCancelledPassEndsAtTheNextBatch() {
        MemorySegment segment = segment(batch(0, Compression.NONE, record("k", "1")));
        CompactionPass pass = new CompactionPass(WHOLE, 0, 1, 1 << 20, () -> true);
        assertThatThrownBy(() -> pass.index(segment)).isInstanceOf(CancellationException.class);
    }

    /** With room for a few keys a pass covers a part, and the next ones the rest: nothing that is newest ever goes, and in the end nothing else is left. */
    @Test
    void withLittleMemorySeveralPassesComeToTheSameEnd() {
        Seeds.each(40, random -> {
            RandomLog history = new RandomLog(random, 40, true);
            for (int i = 0; i < 60; i++) {
                history.next();
            }
            while (history.hasOpenTransaction()) {
                history.endTransaction();
            }
            history.seal();
            List<MemorySegment> log = new ArrayList<>(history.segments);
            Map<String, String> newest = newest(history, log);
            List<io.firn.hot.AbortedTransaction> aborted = history.aborted;
            long clean = 0;
            int passes = 0;
            while (clean < history.nextOffset) {
                assertThat(passes++).as("passes").isLessThan(400);
                List<MemorySegment> next = new ArrayList<>();
                PassInput input = new PassInput(history.nowMs, Long.MAX_VALUE, true, aborted, history.producers());
                try (CompactionPass pass = new CompactionPass(input, clean, history.nextOffset, 24L * (4 + random.nextInt(40)), () -> false)) {
                    index(pass, log, clean);
                    assertThat(pass.coveredOffset()).isGreaterThan(clean);
                    for (MemorySegment segment : log) {
                        next.add(segment.baseOffset < pass.coveredOffset() ? MemorySegment.rewrite(pass, List.of(segment)) : segment);
                    }
                    clean = pass.coveredOffset();
                }
                log = next;
                assertThat(newest(history, log)).isEqualTo(newest);
            }
            List<String> keys = new ArrayList<>();
            log.forEach(segment -> segment.batches().stream().filter(batch -> !batch.isControlBatch()).forEach(batch -> batch.forEach(record -> {
                if (record.hasKey()) {
                    keys.add(StandardCharsets.UTF_8.decode(record.key()).toString());
                }
            })));
            assertThat(keys).as("each key once").doesNotHaveDuplicates();
        });
    }

    private static void index(CompactionPass pass, List<MemorySegment> log, long clean) throws IOException {
        for (MemorySegment segment : log) {
            if (segment.nextOffset > clean && !pass.index(segment)) {
                return;
            }
        }
    }

    /** What a read_committed consumer has in its table at the end, offset and value, and all records without key. */
    private static Map<String, String> newest(RandomLog history, List<MemorySegment> log) {
        Map<String, String> table = new HashMap<>();
        for (MemorySegment segment : log) {
            for (MutableRecordBatch batch : segment.batches()) {
                boolean aborted = batch.isTransactional() && history.aborted.stream().anyMatch(a -> a.producerId() == batch.producerId() && batch.baseOffset() >= a.firstOffset()
                        && batch.lastOffset() <= a.lastOffset());
                if (!batch.isControlBatch() && !aborted) {
                    batch.forEach(record -> table.put(record.hasKey() ? StandardCharsets.UTF_8.decode(record.key()).toString() : "no key at " + record.offset(),
                            record.offset() + (record.hasValue() ? StandardCharsets.UTF_8.decode(record.value()).toString() : " deleted")));
                }
            }
        }
        return table;
    }

    @Test
    void aBatchOfHugeRecordsIsRewrittenInLittleMemory() throws IOException {
        byte[] large = new byte[8 << 20];
        new Random(1).nextBytes(large);
        byte[] zeros = new byte[64 << 20];
        ByteBuffer batch = MemoryRecords.withRecords(0, Compression.zstd().build(), new SimpleRecord(1, "a".getBytes(StandardCharsets.UTF_8), zeros), new SimpleRecord(2, "a".getBytes(StandardCharsets.UTF_8), large)).buffer();
        MemorySegment rewritten = compact(WHOLE, segment(batch)).get(0);
        assertThat(offsets(rewritten)).containsExactly(1L);
        assertThat(rewritten.records().get(0).valueSize()).isEqualTo(large.length);
    }
}
