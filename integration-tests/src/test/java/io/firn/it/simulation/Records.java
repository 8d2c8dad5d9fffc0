package io.firn.it.simulation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.LongConsumer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/**
 * The records of simulated clients, and what tells one from another: a number made of producer, epoch and sequence; a marker has none, but its producer, epoch and kind.
 *
 * <pre>
 *  62    61      42      26        0
 *  | marker | producer | epoch | sequence, or 1 commit and 0 abort |
 * </pre>
 */
final class Records {

    /** Who a batch is from and which records it has. */
    record Batch(long producerId, short epoch, int sequence, int count) {

        Batch {
            if (producerId < 0 || producerId >= 1 << 19 || sequence + count >= 1 << 26) {
                throw new IllegalArgumentException("no number for " + producerId + " " + sequence);
            }
        }

        long number(int index) {
            return Records.number(false, producerId, epoch, sequence + index);
        }
    }

    /** Told of each batch read. */
    interface Visitor {
        void batch(MutableRecordBatch batch);
    }

    private Records() {}

    private static long number(boolean marker, long producerId, int epoch, int low) {
        return (marker ? 1L << 61 : 0) | producerId << 42 | (long) epoch << 26 | low;
    }

    static boolean isMarker(long number) {
        return number >>> 61 != 0;
    }

    static long producerOf(long number) {
        return number >>> 42 & (1 << 19) - 1;
    }

    static int epochOf(long number) {
        return (int) (number >>> 26 & 0xffff);
    }

    static int sequenceOf(long number) {
        return (int) (number & (1 << 26) - 1);
    }

    static String text(long number) {
        return (isMarker(number) ? sequenceOf(number) == 1 ? "commit" : "abort" : "record " + sequenceOf(number)) + " of producer " + producerOf(number) + " epoch " + epochOf(number);
    }

    static ByteBuffer data(Batch batch, boolean transactional, long timestampMs) {
        SimpleRecord[] records = new SimpleRecord[batch.count()];
        for (int i = 0; i < records.length; i++) {
            records[i] = new SimpleRecord(timestampMs, null, (batch.producerId() + "." + (batch.sequence() + i)).getBytes(StandardCharsets.ISO_8859_1));
        }
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, Compression.NONE, TimestampType.CREATE_TIME, batch.producerId(), batch.epoch(), batch.sequence(),
                RecordBatch.NO_PARTITION_LEADER_EPOCH, transactional, records).buffer();
    }

    /** The numbers of a batch's records, in order. */
    static void numbers(MutableRecordBatch batch, LongConsumer told) {
        if (batch.isControlBatch()) {
            ByteBuffer key = batch.iterator().next().key();
            told.accept(number(true, batch.producerId(), batch.producerEpoch(), ControlRecordType.parse(key) == ControlRecordType.COMMIT ? 1 : 0));
            return;
        }
        int count = batch.countOrNull();
        for (int i = 0; i < count; i++) {
            told.accept(number(false, batch.producerId(), batch.producerEpoch(), batch.baseSequence() + i));
        }
    }

    /** Whole, undamaged batches in these bytes; what is cut off at the end is left out. @return the offset behind the last, or {@code from} */
    static long read(ByteBuffer bytes, long from, Visitor visitor) {
        long next = from;
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
            batch.ensureValid();
            if (batch.lastOffset() >= next) {
                visitor.batch(batch);
                next = batch.nextOffset();
            }
        }
        return next;
    }

    static ByteBuffer joined(ByteBuffer[] parts) {
        ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(ByteBuffer::remaining).sum());
        for (ByteBuffer part : parts) {
            all.put(part);
        }
        return all.flip();
    }
}
