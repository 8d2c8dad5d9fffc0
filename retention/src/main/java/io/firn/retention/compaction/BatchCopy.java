package io.firn.retention.compaction;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/**
 * Writes a batch again with some of its records: same offsets, sequences, producer, leader epoch and codec. Records are copied as bytes; only their times are told anew when the
 * batch gets a delete horizon, which takes the place of its base timestamp (KIP-534).
 *
 * <pre>
 *  0            8        12            16      17    21           23                27              35             43           51      53            57       61
 * ┌────────────┬────────┬─────────────┬───────┬─────┬────────────┬─────────────────┬───────────────┬──────────────┬────────────┬───────┬─────────────┬────────┐
 * │ baseOffset │ length │ leaderEpoch │ magic │ CRC │ attributes │ lastOffsetDelta │ baseTimestamp │ maxTimestamp │ producerId │ epoch │ baseSequence│ count  │ records
 * └────────────┴────────┴─────────────┴───────┴─────┴────────────┴─────────────────┴───────────────┴──────────────┴────────────┴───────┴─────────────┴────────┘
 * </pre>
 *
 * <p>Limit: the written batch is in memory, compressed. Threading: stateless.
 */
final class BatchCopy {
    static final long NO_HORIZON = -1;

    private static final int LENGTH_AT = 8;
    private static final int LOG_OVERHEAD_BYTES = 12;
    private static final int CRC_AT = 17;
    private static final int ATTRIBUTES_AT = 21;
    private static final int BASE_TIMESTAMP_AT = 27;
    private static final int MAX_TIMESTAMP_AT = 35;
    private static final int COUNT_AT = 57;
    private static final int HEADER_BYTES = DefaultRecordBatch.RECORD_BATCH_OVERHEAD;
    private static final short DELETE_HORIZON = 0x40;

    private BatchCopy() {}

    /**
     * @param kept which records, counted from 0; at least one
     * @param maxTimestampMs the largest of their times
     * @param horizonMs when tombstones or marker may go, {@link #NO_HORIZON} to leave that as it is
     */
    static ByteBuffer of(DefaultRecordBatch batch, ByteBuffer bytes, BitSet kept, long maxTimestampMs, long horizonMs, RecordWalk.Scratch scratch)
            throws UnreadableBatchException, IOException {
        ByteBufferOutputStream target = new ByteBufferOutputStream(bytes.remaining());
        target.position(HEADER_BYTES);
        long baseTimestampMs = horizonMs == NO_HORIZON ? batch.baseTimestamp() : horizonMs;
        try (OutputStream out = Compression.of(batch.compressionType()).build().wrapForOutput(target, RecordBatch.CURRENT_MAGIC_VALUE);
                RecordWalk walk = RecordWalk.of(batch, scratch)) {
            for (int i = 0; walk.next(); i++) {
                if (kept.get(i)) {
                    walk.copy(out, batch.baseTimestamp() - baseTimestampMs);
                } else {
                    walk.skip();
                }
            }
        }
        ByteBuffer copy = target.buffer().flip();
        copy.put(0, bytes, bytes.position(), HEADER_BYTES);
        copy.putLong(BASE_TIMESTAMP_AT, baseTimestampMs).putInt(COUNT_AT, kept.cardinality()).putInt(LENGTH_AT, copy.limit() - LOG_OVERHEAD_BYTES);
        if (batch.timestampType() != TimestampType.LOG_APPEND_TIME) {
            copy.putLong(MAX_TIMESTAMP_AT, maxTimestampMs);
        }
        if (horizonMs != NO_HORIZON) {
            copy.putShort(ATTRIBUTES_AT, (short) (copy.getShort(ATTRIBUTES_AT) | DELETE_HORIZON));
        }
        return signed(copy);
    }

    private static ByteBuffer signed(ByteBuffer batch) {
        CRC32C crc = new CRC32C();
        crc.update(batch.duplicate().position(ATTRIBUTES_AT));
        return batch.putInt(CRC_AT, (int) crc.getValue());
    }
}
