package io.firn.hot.batch;

import io.firn.hot.RecordBuffers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Record batches as Kafka's own library writes them, and ways to damage them. */
public final class Batches {

    private Batches() {}

    /** A batch without producer id: {@code count} records, keyed, one millisecond apart from {@code timestampMs} on. */
    public static ByteBuffer plain(long baseOffset, int count, long timestampMs) {
        return MemoryRecords.withRecords(baseOffset, Compression.NONE, records(count, timestampMs)).buffer();
    }

    public static ByteBuffer compressed(Compression compression, int count, long timestampMs) {
        return MemoryRecords.withRecords(compression, records(count, timestampMs)).buffer();
    }

    public static ByteBuffer of(SimpleRecord... records) {
        return MemoryRecords.withRecords(Compression.NONE, records).buffer();
    }

    public static ByteBuffer data(long baseOffset, long producerId, short epoch, int sequence, int count, boolean transactional, long timestampMs) {
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, baseOffset, Compression.NONE, TimestampType.CREATE_TIME, producerId, epoch,
                sequence, RecordBatch.NO_PARTITION_LEADER_EPOCH, transactional, records(count, timestampMs)).buffer();
    }

    public static ByteBuffer marker(long baseOffset, long producerId, short epoch, boolean commit, int coordinatorEpoch, long timestampMs) {
        EndTransactionMarker marker = new EndTransactionMarker(commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT, coordinatorEpoch);
        return MemoryRecords.withEndTransactionMarker(baseOffset, timestampMs, 0, producerId, epoch, marker).buffer();
    }

    public static BatchHeader header(ByteBuffer batch) {
        return new BatchHeader().wrap(RecordBuffers.of(batch), 0);
    }

    /** Makes the CRC of a batch that was changed agree with its bytes again. */
    public static ByteBuffer mendCrc(ByteBuffer batch) {
        return batch.putInt(17, header(batch).computeCrc());
    }

    public static SimpleRecord[] records(int count, long timestampMs) {
        return IntStream.range(0, count)
                .mapToObj(i -> new SimpleRecord(timestampMs + i, bytes("key" + i), bytes("value " + i)))
                .toArray(SimpleRecord[]::new);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
