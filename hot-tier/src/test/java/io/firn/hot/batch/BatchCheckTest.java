package io.firn.hot.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendError;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.RecordFault;
import io.firn.hot.batch.BatchVerdict.Refused;
import io.firn.hot.batch.BatchVerdict.Sound;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

class BatchCheckTest {

    private static final long NOW = 1_700_000_000_000L;
    private static final long HOUR_MS = 3600_000;
    private static final HotLogConfig CREATE_TIME = config(false, false, 1 << 20);

    private final BatchHeader header = new BatchHeader();

    @Test
    void batchesOfEveryCodecAreSound() {
        assertSound(client(Batches.plain(0, 3, NOW)));
        for (Compression compression : new Compression[] {Compression.gzip().build(), Compression.snappy().build(), Compression.lz4().build(), Compression.zstd().build()}) {
            assertSound(client(Batches.compressed(compression, 3, NOW)));
        }
        assertSound(client(Batches.data(0, 1, (short) 0, 0, 3, true, NOW)));
    }

    @Test
    void anyDamagedBitAfterTheLeaderEpochIsRefused() {
        ByteBuffer sound = Batches.data(0, 1, (short) 0, 0, 2, false, NOW);
        for (int bit = 16 * Byte.SIZE; bit < sound.limit() * Byte.SIZE; bit++) {
            ByteBuffer damaged = copy(sound);
            damaged.put(bit / 8, (byte) (damaged.get(bit / 8) ^ 1 << bit % 8));
            assertThat(client(damaged)).as("bit %d", bit).isInstanceOf(Refused.class);
            assertThat(BatchCheck.structure(RecordBuffers.of(damaged), 0, header)).as("bit %d", bit).isInstanceOf(Refused.class);
        }
    }

    @Test
    void anyCutIsRefused() {
        ByteBuffer sound = Batches.plain(0, 2, NOW);
        for (int size = 1; size < sound.limit(); size++) {
            assertRefused(client(copy(sound).limit(size)), AppendError.CORRUPT_BATCH);
        }
        assertRefused(client(ByteBuffer.allocate(0)), AppendError.INVALID_RECORD);
    }

    @Test
    void absurdLengthsAreRefused() {
        for (int length : new int[] {0, -1, 48, 1 << 30, Integer.MAX_VALUE, Integer.MAX_VALUE - 11, Integer.MIN_VALUE}) {
            assertRefused(client(Batches.plain(0, 2, NOW).putInt(8, length)), AppendError.CORRUPT_BATCH);
        }
    }

    @Test
    void oldFormatsAreToldFromUnknownOnes() {
        assertRefused(client(Batches.plain(0, 2, NOW).put(16, (byte) 0)), AppendError.UNSUPPORTED_FORMAT);
        assertRefused(client(Batches.plain(0, 2, NOW).put(16, (byte) 1)), AppendError.UNSUPPORTED_FORMAT);
        assertRefused(client(Batches.plain(0, 2, NOW).put(16, (byte) 3)), AppendError.CORRUPT_BATCH);
    }

    @Test
    void largerThanTheTopicAllowsIsRefused() {
        ByteBuffer batch = Batches.plain(0, 2, NOW);
        assertSound(BatchCheck.fromClient(RecordBuffers.of(batch), header, config(false, false, batch.limit()), NOW));
        assertRefused(BatchCheck.fromClient(RecordBuffers.of(batch), header, config(false, false, batch.limit() - 1), NOW), AppendError.TOO_LARGE);
        assertRefused(BatchCheck.fromCoordinator(RecordBuffers.of(batch), header, config(false, false, batch.limit() - 1)), AppendError.TOO_LARGE);
        assertSound(BatchCheck.structure(RecordBuffers.of(batch), 0, header));
    }

    @Test
    void severalBatchesAreRefusedFromClientsButSoundFromALeader() {
        ByteBuffer first = Batches.plain(0, 2, NOW);
        RecordBuffers two = RecordBuffers.of(first, Batches.plain(2, 2, NOW));
        assertRefused(BatchCheck.fromClient(two, header, CREATE_TIME, NOW), AppendError.INVALID_RECORD);
        assertRefused(BatchCheck.fromCoordinator(two, header, CREATE_TIME), AppendError.INVALID_RECORD);
        assertSound(BatchCheck.structure(two, 0, header));
        assertSound(BatchCheck.structure(two, first.limit(), header));
        assertThat(header.baseOffset()).isEqualTo(2);
    }

    @Test
    void countsThatContradictEachOtherAreRefused() {
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, 3))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, 1))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, 0))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, 0).putInt(23, -1))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, -5).putInt(23, -6))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.plain(0, 2, NOW).putInt(57, 1000).putInt(23, 999))), AppendError.INVALID_RECORD);
    }

    @Test
    void compactedBatchOfALeaderHasFewerRecordsThanOffsets() {
        assertSound(structure(mended(Batches.plain(7, 3, NOW).putInt(57, 1))));
        assertSound(structure(mended(Batches.plain(7, 3, NOW).putInt(57, 0))));
        assertRefused(structure(mended(Batches.plain(7, 3, NOW).putInt(57, 4))), AppendError.INVALID_RECORD);
    }

    @Test
    void offsetsBeyondTheRangeAreRefused() {
        assertRefused(structure(Batches.plain(0, 3, NOW).putLong(0, -1)), AppendError.INVALID_RECORD);
        assertRefused(structure(Batches.plain(0, 3, NOW).putLong(0, Long.MAX_VALUE - 2)), AppendError.INVALID_RECORD);
        assertSound(structure(Batches.plain(0, 3, NOW).putLong(0, Long.MAX_VALUE - 3)));
    }

    @Test
    void whatOnlyTheBrokerMaySetIsRefusedFromClients() {
        assertRefused(client(Batches.plain(5, 2, NOW)), AppendError.INVALID_RECORD);
        assertRefused(client(Batches.marker(0, 1, (short) 0, true, 0, NOW)), AppendError.INVALID_RECORD);
        assertRefused(client(attributes(0x40)), AppendError.INVALID_RECORD);
        assertRefused(client(attributes(0x08)), AppendError.INVALID_TIMESTAMP);
        for (int codec = 5; codec <= 7; codec++) {
            assertRefused(client(attributes(codec)), AppendError.INVALID_RECORD);
        }
    }

    @Test
    void producerFieldsMustAgree() {
        assertRefused(client(mended(Batches.data(0, 1, (short) 0, 0, 2, false, NOW).putInt(53, -1))), AppendError.INVALID_RECORD);
        assertRefused(client(mended(Batches.data(0, 1, (short) 0, 0, 2, false, NOW).putShort(51, (short) -1))), AppendError.INVALID_RECORD);
        assertRefused(client(attributes(0x10)), AppendError.INVALID_RECORD);
    }

    @Test
    void timestampsMustBeNearTheBrokersClock() {
        assertSound(client(Batches.plain(0, 1, NOW + HOUR_MS)));
        assertRefused(client(Batches.plain(0, 1, NOW + HOUR_MS + 1)), AppendError.INVALID_TIMESTAMP);
        assertSound(client(Batches.plain(0, 1, NOW - HOUR_MS)));
        assertRefused(client(Batches.plain(0, 1, NOW - HOUR_MS - 1)), AppendError.INVALID_TIMESTAMP);
        assertRefused(client(timestamps(NOW - HOUR_MS - 1, NOW)), AppendError.INVALID_TIMESTAMP);
        assertRefused(client(timestamps(NOW, NOW - 1)), AppendError.INVALID_TIMESTAMP);
        assertRefused(client(timestamps(Long.MIN_VALUE, Long.MAX_VALUE)), AppendError.INVALID_TIMESTAMP);
        assertRefused(client(timestamps(Long.MAX_VALUE, Long.MAX_VALUE)), AppendError.INVALID_TIMESTAMP);
        assertSound(client(timestamps(-1, -1)));
    }

    @Test
    void refusalNamesTheRecordsWhoseTimestampsAreNotAllowed() {
        ByteBuffer batch = Batches.of(record(NOW), record(NOW - HOUR_MS - 1), record(NOW - HOUR_MS), record(NOW + HOUR_MS + 1), record(-1));
        assertThat(client(batch)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(AppendError.INVALID_TIMESTAMP);
            assertThat(refused.faults()).extracting(RecordFault::index).containsExactly(1, 3);
            assertThat(refused.message()).as("Kafka's words").isEqualTo("One or more records have been rejected due to invalid timestamp");
            assertThat(refused.faults().get(0).message()).isEqualTo("Timestamp " + (NOW - HOUR_MS - 1) + " of message with offset 1 is out of range. The timestamp should be within ["
                    + (NOW - HOUR_MS) + ", " + (NOW + HOUR_MS) + "]");
        });
    }

    @Test
    void oldRecordBetweenNewOnesIsFoundWhereOldOnesAreNotAllowed() {
        assertRefused(client(Batches.of(record(NOW), record(NOW - 2 * HOUR_MS), record(NOW))), AppendError.INVALID_TIMESTAMP);
        assertSound(client(Batches.of(record(NOW), record(NOW - HOUR_MS), record(NOW))));
    }

    @Test
    void refusalNamesTheRecordsWithoutKey() {
        SimpleRecord keyless = new SimpleRecord(NOW, null, bytes("v"));
        assertThat(compacted(Batches.of(keyless, record(NOW), keyless))).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.error()).isEqualTo(AppendError.INVALID_RECORD);
            assertThat(refused.faults()).extracting(RecordFault::index).containsExactly(0, 2);
        });
    }

    @Test
    void refusalNamesABoundedNumberOfRecords() {
        SimpleRecord[] old = IntStream.range(0, 5000).mapToObj(i -> record(1)).toArray(SimpleRecord[]::new);
        assertThat(client(Batches.of(old))).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.faults()).hasSize(RecordCheck.MAX_FAULTS));
    }

    private static SimpleRecord record(long timestampMs) {
        return new SimpleRecord(timestampMs, bytes("k"), bytes("v"));
    }

    @Test
    void timestampsDoNotMatterUnderLogAppendTime() {
        RecordBuffers batch = RecordBuffers.of(timestamps(Long.MIN_VALUE, Long.MAX_VALUE));
        assertSound(BatchCheck.fromClient(batch, header, config(true, false, 1 << 20), NOW));
    }

    @Test
    void unboundedTimestampLimitsAllowEverything() {
        HotLogConfig unbounded = new HotLogConfig(1 << 30, 1, 0, 1, 1, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);
        assertSound(BatchCheck.fromClient(RecordBuffers.of(timestamps(Long.MIN_VALUE, Long.MAX_VALUE)), header, unbounded, NOW));
    }

    @Test
    void compactedTopicRefusesARecordWithoutKey() {
        SimpleRecord keyed = new SimpleRecord(NOW, bytes("k"), bytes("v"));
        SimpleRecord tombstone = new SimpleRecord(NOW, bytes("k"), null);
        SimpleRecord emptyKey = new SimpleRecord(NOW, new byte[0], bytes("v"));
        SimpleRecord keyless = new SimpleRecord(NOW, null, bytes("v"));
        assertSound(compacted(Batches.of(keyed, tombstone, emptyKey)));
        assertRefused(compacted(Batches.of(keyed, keyless)), AppendError.INVALID_RECORD);
        assertSound(client(Batches.of(keyed, keyless)));
    }

    @Test
    void compactedTopicRefusesRecordsThatAreNone() {
        ByteBuffer sound = Batches.plain(0, 3, NOW);
        for (int at = BatchHeader.SIZE_BYTES; at < sound.limit(); at++) {
            for (byte value : new byte[] {0, 1, -1, 127, -128}) {
                BatchVerdict verdict = compacted(mended(copy(sound).put(at, value)));
                assertThat(verdict instanceof Sound || ((Refused) verdict).error() == AppendError.INVALID_RECORD).isTrue();
            }
        }
        assertRefused(compacted(mended(copy(sound).put(BatchHeader.SIZE_BYTES, (byte) 127))), AppendError.INVALID_RECORD);
        assertRefused(compacted(mended(copy(sound).putInt(57, 2).putInt(23, 1))), AppendError.INVALID_RECORD);
    }

    @Test
    void compactedTopicTakesCompressedBatchesUnseen() {
        assertSound(compacted(Batches.compressed(Compression.lz4().build(), 3, NOW)));
    }

    @Test
    void coordinatorMayWriteMarkersAndData() {
        assertSound(coordinator(Batches.marker(0, 1, (short) 0, false, 7, NOW)));
        assertSound(coordinator(Batches.plain(0, 3, NOW)));
        assertRefused(coordinator(mended(Batches.marker(0, 1, (short) 0, false, 7, NOW).putLong(43, -1))), AppendError.INVALID_RECORD);
    }

    @Test
    void controlBatchThatIsNoMarkerIsRefused() {
        ByteBuffer marker = Batches.marker(0, 1, (short) 0, false, 7, NOW);
        int type = marker.limit() - 10;
        assertRefused(coordinator(mended(copy(marker).putShort(type, (short) 2))), AppendError.INVALID_RECORD);
        assertRefused(coordinator(mended(copy(marker).putShort(type, (short) -1))), AppendError.INVALID_RECORD);
        assertRefused(coordinator(mended(copy(marker).putShort(type - 2, (short) -1))), AppendError.INVALID_RECORD);
        assertRefused(coordinator(mended(copy(marker).putShort(21, (short) (marker.getShort(21) | 1)))), AppendError.INVALID_RECORD);
        for (int at = BatchHeader.SIZE_BYTES; at < marker.limit(); at++) {
            BatchVerdict verdict = coordinator(mended(copy(marker).put(at, (byte) 0x7f)));
            assertThat(verdict instanceof Sound || ((Refused) verdict).error() == AppendError.INVALID_RECORD).isTrue();
        }
    }

    @Test
    void emptyControlBatchOfACompactedLogSaysNothing() {
        ByteBuffer empty = ByteBuffer.allocate(BatchHeader.SIZE_BYTES).put(0, Batches.marker(9, 1, (short) 0, true, 0, NOW), 0, BatchHeader.SIZE_BYTES);
        mended(empty.putInt(8, BatchHeader.SIZE_BYTES - 12).putInt(57, 0));
        assertSound(structure(empty));
        assertThat(ControlRecord.of(header)).isEqualTo(new ControlRecord.None());
    }

    private BatchVerdict client(ByteBuffer batch) {
        return BatchCheck.fromClient(RecordBuffers.of(batch), header, CREATE_TIME, NOW);
    }

    private BatchVerdict compacted(ByteBuffer batch) {
        return BatchCheck.fromClient(RecordBuffers.of(batch), header, config(false, true, 1 << 20), NOW);
    }

    private BatchVerdict coordinator(ByteBuffer batch) {
        return BatchCheck.fromCoordinator(RecordBuffers.of(batch), header, CREATE_TIME);
    }

    private BatchVerdict structure(ByteBuffer batch) {
        return BatchCheck.structure(RecordBuffers.of(batch), 0, header);
    }

    private static HotLogConfig config(boolean logAppendTime, boolean compacted, int maxMessageBytes) {
        return new HotLogConfig(1 << 30, HOUR_MS, 0, 1 << 20, 4096, maxMessageBytes, logAppendTime, HOUR_MS, HOUR_MS, compacted);
    }

    private static ByteBuffer attributes(int bits) {
        return mended(Batches.plain(0, 2, NOW).putShort(21, (short) bits));
    }

    private static ByteBuffer timestamps(long base, long max) {
        return mended(Batches.plain(0, 1, NOW).putLong(27, base).putLong(35, max));
    }

    private static ByteBuffer mended(ByteBuffer batch) {
        return Batches.mendCrc(batch);
    }

    private static ByteBuffer copy(ByteBuffer batch) {
        return ByteBuffer.allocate(batch.limit()).put(batch.duplicate()).flip();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertSound(BatchVerdict verdict) {
        assertThat(verdict).isInstanceOf(Sound.class);
    }

    private static void assertRefused(BatchVerdict verdict, AppendError error) {
        assertThat(verdict).isInstanceOfSatisfying(Refused.class, refused -> assertThat(refused.error()).as(refused.message()).isEqualTo(error));
    }
}
