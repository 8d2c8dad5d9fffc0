package io.firn.retention.compaction;

import io.firn.cold.SegmentRecords;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Steps through the batches of a segment, each read whole and checked: length, magic, CRC, place in the segment. Bytes that are not what was written end the walk with an
 * {@link IOException}: they must neither be dropped nor get a new checksum.
 *
 * <p>Limits: one buffer of {@link #BUFFER_BYTES}, for a larger batch one of its size, at most {@link #MAX_BATCH_BYTES}. Threading: confined to one thread.
 */
final class BatchWalk {
    static final int BUFFER_BYTES = 256 << 10;
    static final int MAX_BATCH_BYTES = 128 << 20;

    private static final int LENGTH_AT = 8;
    private static final int LOG_OVERHEAD_BYTES = 12;
    private static final int MAGIC_AT = 16;
    private static final byte MAGIC = 2;

    private final SegmentRecords segment;
    private ByteBuffer window = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
    private long windowStart;
    private long position;
    private int size;
    private long leastOffset;
    private DefaultRecordBatch batch;

    BatchWalk(SegmentRecords segment) {
        this.segment = segment;
        this.leastOffset = segment.baseOffset();
    }

    /** Moves to the next batch; false at the segment's end. */
    boolean next() throws IOException {
        position += size;
        size = 0;
        if (position == segment.logSizeBytes()) {
            return false;
        }
        int length = lengthHere();
        show(length);
        size = length;
        batch = (DefaultRecordBatch) MemoryRecords.readableRecords(bytes()).batches().iterator().next();
        check();
        leastOffset = batch.nextOffset();
        return true;
    }

    /** The batch moved to. Valid until the next move. */
    DefaultRecordBatch batch() {
        return batch;
    }

    /** Its bytes. Valid until the next move. */
    ByteBuffer bytes() {
        return window.slice((int) (position - windowStart), size);
    }

    private int lengthHere() throws IOException {
        show(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        int at = (int) (position - windowStart);
        long length = LOG_OVERHEAD_BYTES + (long) window.getInt(at + LENGTH_AT);
        if (window.get(at + MAGIC_AT) != MAGIC || length < DefaultRecordBatch.RECORD_BATCH_OVERHEAD || length > segment.logSizeBytes() - position) {
            throw damaged("no batch header, magic " + window.get(at + MAGIC_AT) + ", " + length + " bytes");
        }
        if (length > MAX_BATCH_BYTES) {
            throw damaged("a batch of " + length + " bytes is more than compaction takes, " + MAX_BATCH_BYTES);
        }
        return (int) length;
    }

    private void check() throws IOException {
        try {
            batch.ensureValid();
        } catch (KafkaException e) {
            throw damaged(e.getMessage());
        }
        if (batch.baseOffset() < leastOffset || batch.lastOffset() < batch.baseOffset() || batch.nextOffset() > segment.nextOffset()) {
            throw damaged("a batch with offsets " + batch.baseOffset() + " to " + batch.lastOffset() + ", " + leastOffset + " is next and " + segment.nextOffset() + " the end");
        }
    }

    private IOException damaged(String problem) {
        return new IOException("segment " + segment.baseOffset() + " at position " + position + ": " + problem);
    }

    /** Makes the window hold {@code bytes} from the present position. */
    private void show(int bytes) throws IOException {
        if (position >= windowStart && position + bytes <= windowStart + window.limit()) {
            return;
        }
        if (bytes > window.capacity() || window.capacity() > BUFFER_BYTES && bytes <= BUFFER_BYTES) {
            window = ByteBuffer.allocate(Math.max(bytes, BUFFER_BYTES));
        }
        window.clear().limit((int) Math.min(window.capacity(), segment.logSizeBytes() - position));
        while (window.hasRemaining()) {
            if (segment.readLog(position + window.position(), window) <= 0) {
                break;
            }
        }
        window.flip();
        windowStart = position;
        if (window.limit() < bytes) {
            throw damaged("the log ends early");
        }
    }
}
