package io.firn.gateway.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendError;
import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.BatchRecords;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.RecordFault;
import io.firn.hot.batch.Batches;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecompressionTest {

    private static final long NOW = 1_700_000_000_000L;
    private static final long HOUR_MS = 3_600_000;
    private static final HotLogConfig CONFIG = config(1 << 20, false);

    private static HotLogConfig config(int maxMessageBytes, boolean compacted) {
        return new HotLogConfig(1 << 30, HOUR_MS, 0, 1 << 20, 4096, maxMessageBytes, false, HOUR_MS, HOUR_MS, compacted);
    }

    private static Compression compression(String name) {
        return Compression.of(CompressionType.forName(name)).build();
    }

    private static Rewritten rewrite(ByteBuffer batch, String target) {
        return rewrite(batch, target, CONFIG);
    }

    private static Rewritten rewrite(ByteBuffer batch, String target, HotLogConfig config) {
        int level = CompressionChoice.of(target, 0).codec() < 0 ? 0 : switch (target) {
            case "gzip" -> -1;
            case "lz4" -> 9;
            case "zstd" -> 3;
            default -> 0;
        };
        return new Recompression(config, CompressionChoice.of(target, level), NOW).of(slices(batch));
    }

    /** Over several buffers, off the heap, as they come from a socket. */
    private static RecordBuffers slices(ByteBuffer batch) {
        List<ByteBuffer> parts = new ArrayList<>();
        for (int at = 0; at < batch.limit(); at += 100) {
            int length = Math.min(100, batch.limit() - at);
            parts.add(ByteBuffer.allocateDirect(length).put(0, batch, at, length));
        }
        return RecordBuffers.of(parts.toArray(ByteBuffer[]::new));
    }

    private static ByteBuffer bytes(Rewritten rewritten) {
        RecordBuffers batch = rewritten.batch().orElseThrow(() -> new AssertionError(rewritten.rejected().orElseThrow()));
        ByteBuffer bytes = ByteBuffer.allocate(batch.sizeBytes());
        for (ByteBuffer part : batch.nioBuffers()) {
            bytes.put(part);
        }
        return bytes.flip();
    }

    /** The batch as Kafka's own reader takes it, checksum and all. */
    private static MutableRecordBatch read(Rewritten rewritten) {
        MutableRecordBatch batch = MemoryRecords.readableRecords(bytes(rewritten)).batches().iterator().next();
        batch.ensureValid();
        return batch;
    }

    private static List<Record> records(RecordBatch batch) {
        List<Record> all = new ArrayList<>();
        batch.forEach(all::add);
        return all;
    }

    private static ByteBuffer producers(String source) {
        SimpleRecord[] records = IntStream.range(0, 50).mapToObj(i -> new SimpleRecord(NOW - 20 + i % 7, i % 5 == 0 ? null : ("key" + i).getBytes(),
                i % 6 == 0 ? null : ("value " + i).repeat(20).getBytes(), new RecordHeader[] {new RecordHeader("h" + i, new byte[] {1, (byte) i})})).toArray(SimpleRecord[]::new);
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, compression(source), TimestampType.CREATE_TIME, 77, (short) 3, 41,
                RecordBatch.NO_PARTITION_LEADER_EPOCH, true, records).buffer();
    }

    @ParameterizedTest
    @CsvSource({"none,gzip", "none,snappy", "none,lz4", "none,zstd", "gzip,uncompressed", "snappy,uncompressed", "lz4,uncompressed", "zstd,uncompressed", "gzip,zstd", "zstd,snappy", "snappy,lz4",
        "lz4,gzip"})
    void everyCodecBecomesEveryOtherWithTheSameRecordsAndTheSameProducer(String source, String target) {
        ByteBuffer before = producers(source);
        MutableRecordBatch batch = read(rewrite(before, target));

        assertThat(batch.compressionType().name).isEqualTo(target.equals("uncompressed") ? "none" : target);
        assertThat(records(batch)).isEqualTo(records(MemoryRecords.readableRecords(before).batches().iterator().next()));
        assertThat(batch.producerId()).isEqualTo(77);
        assertThat(batch.producerEpoch()).isEqualTo((short) 3);
        assertThat(batch.baseSequence()).isEqualTo(41);
        assertThat(batch.lastSequence()).isEqualTo(90);
        assertThat(batch.isTransactional()).isTrue();
        assertThat(batch.maxTimestamp()).isEqualTo(NOW - 14);
    }

    @Test
    void theLevelIsObeyed() {
        SimpleRecord[] records = IntStream.range(0, 2000).mapToObj(i -> new SimpleRecord(NOW, ("word " + i * 7919L % 1000 + " of " + i % 13).getBytes())).toArray(SimpleRecord[]::new);
        ByteBuffer batch = Batches.of(records);
        for (String[] levels : new String[][] {{"gzip", "1", "9"}, {"lz4", "1", "17"}, {"zstd", "-100", "19"}}) {
            int fast = bytes(new Recompression(CONFIG, CompressionChoice.of(levels[0], Integer.parseInt(levels[1])), NOW).of(slices(batch))).limit();
            int small = bytes(new Recompression(CONFIG, CompressionChoice.of(levels[0], Integer.parseInt(levels[2])), NOW).of(slices(batch))).limit();
            assertThat(small).as(levels[0]).isLessThan(fast);
        }
    }

    @Test
    void onlyBatchesOfAnotherCodecAreRewritten() {
        RecordBuffers plain = slices(producers("none"));
        RecordBuffers lz4 = slices(producers("lz4"));
        assertThat(CompressionChoice.PRODUCER.rewrites(lz4)).isFalse();
        assertThat(CompressionChoice.of("lz4", 9).rewrites(lz4)).isFalse();
        assertThat(CompressionChoice.of("lz4", 9).rewrites(plain)).isTrue();
        assertThat(CompressionChoice.of("uncompressed", 0).rewrites(plain)).isFalse();
        assertThat(CompressionChoice.of("uncompressed", 0).rewrites(lz4)).isTrue();
        assertThat(CompressionChoice.of("gzip", 1).rewrites(RecordBuffers.of(ByteBuffer.allocate(30)))).isFalse();
        assertThat(BatchRecords.codec(RecordBuffers.of(ByteBuffer.allocate(0)))).isEqualTo(BatchRecords.NO_CODEC);
    }

    @Test
    void theRecordsAreLookedAtOnTheWay() {
        SimpleRecord sound = new SimpleRecord(NOW, "k".getBytes(), "v".getBytes());
        SimpleRecord keyless = new SimpleRecord(NOW, null, "v".getBytes());
        SimpleRecord old = new SimpleRecord(NOW - HOUR_MS - 1, "k".getBytes(), "v".getBytes());
        ByteBuffer batch = MemoryRecords.withRecords(compression("zstd"), sound, old, sound, keyless).buffer();

        assertThat(rewrite(batch, "gzip").rejected()).hasValueSatisfying(rejected -> {
            assertThat(rejected.error()).isEqualTo(AppendError.INVALID_TIMESTAMP);
            assertThat(rejected.faults()).extracting(RecordFault::index).containsExactly(1);
        });
        ByteBuffer withoutKey = MemoryRecords.withRecords(compression("zstd"), sound, keyless).buffer();
        assertThat(rewrite(withoutKey, "gzip", config(1 << 20, true)).rejected()).hasValueSatisfying(rejected -> {
            assertThat(rejected.error()).isEqualTo(AppendError.INVALID_RECORD);
            assertThat(rejected.faults()).extracting(RecordFault::index).containsExactly(1);
        });
    }

    @Test
    void aCountThatLiesAlikeIsFound() {
        ByteBuffer batch = Batches.mendCrc(MemoryRecords.withRecords(compression("gzip"), Batches.records(3, NOW)).buffer().putInt(57, 5).putInt(23, 4));
        assertThat(rejected(rewrite(batch, "zstd")).error()).isEqualTo(AppendError.INVALID_RECORD);
    }

    @Test
    void aLargestTimestampThatLiesIsCorrected() {
        ByteBuffer batch = Batches.mendCrc(MemoryRecords.withRecords(compression("gzip"), Batches.records(3, NOW)).buffer().putLong(35, NOW + 1000));
        assertThat(read(rewrite(batch, "zstd")).maxTimestamp()).isEqualTo(NOW + 2);
    }

    @Test
    void damagedBytesAreRefusedBeforeTheyAreDecompressed() {
        ByteBuffer batch = producers("gzip");
        batch.put(batch.limit() - 1, (byte) ~batch.get(batch.limit() - 1));
        assertThat(rejected(rewrite(batch, "zstd")).error()).isEqualTo(AppendError.CORRUPT_BATCH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "snappy", "lz4", "zstd"})
    void bytesThatAreNoneOfTheirCodecAreAnError(String source) {
        for (int at = BatchRecords.HEADER_BYTES; at < 120; at += 3) {
            ByteBuffer batch = producers(source);
            ThreadLocalRandom.current().ints(10, 0, batch.limit() - 62).forEach(i -> batch.put(61 + i, (byte) 0xEE));
            Batches.mendCrc(batch.put(at, (byte) 0x77));
            Rewritten outcome = rewrite(batch, source.equals("zstd") ? "gzip" : "zstd");
            outcome.rejected().ifPresent(rejected -> assertThat(rejected.error()).isIn(AppendError.INVALID_RECORD, AppendError.TOO_LARGE, AppendError.INVALID_TIMESTAMP));
        }
        ByteBuffer garbage = Batches.mendCrc(producers(source).put(61, new byte[40]));
        assertThat(rejected(rewrite(garbage, source.equals("zstd") ? "gzip" : "zstd")).error()).isEqualTo(AppendError.INVALID_RECORD);
    }


    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd", "lz4", "snappy"})
    void aBatchThatUnfoldsToTooMuchIsTooLarge(String source) throws IOException {
        ByteBuffer bomb = batchOf(source, zeros(compression(source), Recompression.LEAST_DECOMPRESSED_MAX + 1));
        HotLogConfig roomy = config(source.equals("snappy") ? 8 << 20 : 1 << 20, false);

        assertThat(rejected(rewrite(bomb, "uncompressed", roomy)).error()).isEqualTo(AppendError.TOO_LARGE);
    }

    @Test
    void aSnappyBlockThatClaimsMoreThanThereIsTakesNoMemory() {
        byte[] raw = {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 7, 0};
        assertThat(rejected(rewrite(batchOf("snappy", raw), "gzip")).error()).isEqualTo(AppendError.TOO_LARGE);

        ByteBuffer framed = ByteBuffer.allocate(40).putLong(0x82534e4150505900L).putInt(1).putInt(1).putInt(1 << 30).put(raw);
        assertThat(rejected(rewrite(batchOf("snappy", framed.array()), "gzip")).error()).isEqualTo(AppendError.INVALID_RECORD);

        ByteBuffer claiming = ByteBuffer.allocate(26).putLong(0x82534e4150505900L).putInt(1).putInt(1).putInt(6).put(raw);
        assertThat(rejected(rewrite(batchOf("snappy", claiming.array()), "gzip")).error()).isEqualTo(AppendError.TOO_LARGE);
    }

    @Test
    void aResultAboveTheTopicsLimitIsTooLarge() {
        ByteBuffer batch = MemoryRecords.withRecords(compression("gzip"), new SimpleRecord(NOW, new byte[100_000])).buffer();
        assertThat(rejected(rewrite(batch, "uncompressed", config(2000, false))).error()).isEqualTo(AppendError.TOO_LARGE);
        assertThat(bytes(rewrite(batch, "uncompressed", config(101_000, false))).limit()).isGreaterThan(100_000);
    }

    /** Random bytes over and over: small for a codec that looks back far enough, and as large as they are for one that does not. */
    @ParameterizedTest
    @ValueSource(strings = {"gzip", "lz4", "snappy"})
    void whatGrowsInTheTopicsCodecIsNotCompressedToItsEnd(String target) {
        byte[] once = new byte[300_000];
        ThreadLocalRandom.current().nextBytes(once);
        SimpleRecord[] records = IntStream.range(0, 60).mapToObj(i -> new SimpleRecord(NOW, once)).toArray(SimpleRecord[]::new);
        ByteBuffer batch = MemoryRecords.withRecords(compression("zstd"), records).buffer();

        Rejected rejected = rejected(rewrite(batch, target));

        assertThat(rejected.error()).isEqualTo(AppendError.TOO_LARGE);
        assertThat(Integer.parseInt(rejected.message().replaceAll("\\D*(\\d+) bytes.*", "$1"))).isLessThan(CONFIG.maxMessageBytes() + (256 << 10));
    }

    private static Rejected rejected(Rewritten rewritten) {
        return rewritten.rejected().orElseThrow(() -> new AssertionError("was not refused"));
    }

    private static byte[] zeros(Compression compression, int count) throws IOException {
        ByteBufferOutputStream bytes = new ByteBufferOutputStream(1024);
        try (OutputStream out = compression.wrapForOutput(bytes, RecordBatch.MAGIC_VALUE_V2)) {
            byte[] some = new byte[1 << 20];
            for (int left = count; left > 0; left -= some.length) {
                out.write(some, 0, Math.min(left, some.length));
            }
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer written = bytes.buffer().flip();
        all.write(written.array(), 0, written.limit());
        return all.toByteArray();
    }

    private static ByteBuffer batchOf(String codec, byte[] payload) {
        ByteBuffer header = Batches.plain(0, 1, NOW);
        ByteBuffer batch = ByteBuffer.allocate(61 + payload.length).put(0, header, 0, 61).put(61, payload);
        batch.putInt(8, 49 + payload.length).putShort(21, (short) CompressionType.forName(codec).id);
        return Batches.mendCrc(batch);
    }
}
