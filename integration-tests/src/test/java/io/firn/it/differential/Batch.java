package io.firn.it.differential;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * A record batch to be produced. Encoded for each side, because of its producer id.
 *
 * @param producerId a long or a {@link Twin} of longs
 * @param flaw what is wrong with it
 */
record Batch(int records, int valueBytes, boolean keyed, CompressionType compression, long timestamp, Object producerId, short producerEpoch, int sequence, boolean transactional, Flaw flaw) {

    /** Faults of a batch that a broker has to see. */
    enum Flaw {
        NONE, CRC, MAGIC, CUT, LENGTH, TWICE, COUNT
    }

    private static final int LENGTH_AT = 8;
    private static final int MAGIC_AT = 16;
    private static final int CRC_AT = 17;
    private static final int COUNT_AT = 57;

    MemoryRecords encode(Side side) {
        ByteBuffer buffer = ByteBuffer.allocate(1024 + records * (valueBytes + 64));
        write(buffer, side);
        if (flaw == Flaw.TWICE) {
            write(buffer, side);
        }
        buffer.flip();
        return MemoryRecords.readableRecords(spoil(buffer));
    }

    private void write(ByteBuffer buffer, Side side) {
        int start = buffer.position();
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(buffer.slice(), RecordBatch.MAGIC_VALUE_V2, Compression.of(compression).build(), TimestampType.CREATE_TIME, 0L, timestamp,
                (Long) Twin.resolve(producerId, side), producerEpoch, sequence, transactional, false, RecordBatch.NO_PARTITION_LEADER_EPOCH, buffer.remaining());
        IntStream.range(0, records).forEach(i -> builder.append(new SimpleRecord(timestamp + i, keyed ? text("k" + i) : null, text("v".repeat(valueBytes)))));
        buffer.position(start + builder.build().sizeInBytes());
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private ByteBuffer spoil(ByteBuffer buffer) {
        switch (flaw) {
            case CRC -> buffer.put(CRC_AT, (byte) (buffer.get(CRC_AT) + 1));
            case MAGIC -> buffer.put(MAGIC_AT, (byte) 1);
            case CUT -> buffer.limit(buffer.limit() - 5);
            case LENGTH -> buffer.putInt(LENGTH_AT, buffer.getInt(LENGTH_AT) + 1);
            case COUNT -> buffer.putInt(COUNT_AT, records + 1);
            default -> { }
        }
        return buffer;
    }
}
