package io.firn.hot.segment;

import io.firn.hot.DiskFile;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.BatchCheck;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.BatchVerdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Steps through the batches of a log file between two positions, through one buffer that is filled with as few reads as possible.
 *
 * <p>{@link #full} checks every batch wholly, CRC included (a batch larger than the buffer is summed in pieces); {@link #headers} reads the
 * headers only and checks that they can be headers. Both stop for good at the first batch that fails: {@link #problem()} says why, and
 * {@link #position()} is where the sound bytes end.
 *
 * <p>Memory is the buffer, whatever lengths the file claims.
 *
 * <p>Threading: confined to one thread. Reads block on the disk when the pages are not in memory.
 */
public final class BatchScan {

    private static final int CRC_FROM = 21;

    private final DiskFile file;
    private final long end;
    private final ByteBuffer buffer;
    private final boolean full;
    private final BatchHeader batch = new BatchHeader();
    private RecordBuffers window = RecordBuffers.of();
    private long windowStart;
    private long position;
    private int size;
    private String problem = "";

    private BatchScan(DiskFile file, long from, long end, ByteBuffer buffer, boolean full) {
        if (buffer.capacity() < BatchHeader.SIZE_BYTES) {
            throw new IllegalArgumentException("buffer of " + buffer.capacity() + " bytes");
        }
        this.file = file;
        this.position = from;
        this.end = end;
        this.buffer = buffer;
        this.full = full;
    }

    public static BatchScan full(DiskFile file, long from, long end, ByteBuffer buffer) {
        return new BatchScan(file, from, end, buffer, true);
    }

    public static BatchScan headers(DiskFile file, long from, long end, ByteBuffer buffer) {
        return new BatchScan(file, from, end, buffer, false);
    }

    /** Moves to the next batch; false at the end or at a batch that is not sound. */
    public boolean next() throws IOException {
        position += size;
        size = 0;
        if (position == end || !problem.isEmpty()) {
            return false;
        }
        problem = examine();
        if (problem.isEmpty()) {
            size = batch.sizeInBytes();
            return true;
        }
        return false;
    }

    /** The batch moved to; its records are there too if the scan is full and they fit the buffer. Valid until the next move. */
    public BatchHeader batch() {
        return batch;
    }

    /** Where the present batch begins; after the last move, where the sound bytes end. */
    public long position() {
        return position;
    }

    /** Why the scan stopped before the end; empty when it did not. */
    public String problem() {
        return problem;
    }

    private String examine() throws IOException {
        long available = end - position;
        if (available < BatchHeader.SIZE_BYTES) {
            return "a batch header is cut short after " + available + " bytes";
        }
        if (!show(BatchHeader.SIZE_BYTES)) {
            return "the file ends early";
        }
        batch.wrap(window, index());
        long length = batch.sizeInBytes();
        if (batch.magic() != BatchHeader.MAGIC || length < BatchHeader.SIZE_BYTES || length > available) {
            return "no batch header: magic " + batch.magic() + ", " + length + " bytes of " + available;
        }
        if (!full) {
            return batch.baseOffset() < 0 || batch.lastOffsetDelta() < 0 ? "no batch header: offsets " + batch.baseOffset() + " + " + batch.lastOffsetDelta() : "";
        }
        return length > buffer.capacity() ? examineLarge((int) length) : examineWhole((int) length);
    }

    private String examineWhole(int length) throws IOException {
        if (!show(length)) {
            return "the file ends early";
        }
        BatchVerdict verdict = BatchCheck.structure(window.slice(0, index() + length), index(), batch);
        if (verdict instanceof BatchVerdict.Refused refused) {
            return refused.message();
        }
        batch.wrap(window, index());
        return "";
    }

    private String examineLarge(int length) throws IOException {
        CRC32C crc = new CRC32C();
        for (int at = CRC_FROM; at < length; at += buffer.limit()) {
            buffer.clear().limit(Math.min(buffer.capacity(), length - at));
            if (file.read(buffer, position + at) < buffer.limit()) {
                return "the file ends early";
            }
            crc.update(buffer.flip());
        }
        windowStart = -1;
        window = RecordBuffers.of();
        if (!show(BatchHeader.SIZE_BYTES)) {
            return "the file ends early";
        }
        batch.wrap(window, index());
        if ((int) crc.getValue() != batch.crc()) {
            return "the batch's CRC differs from its header's";
        }
        int count = batch.recordCount();
        boolean sound = !batch.isControl() && batch.baseOffset() >= 0 && count >= 0 && count - 1 <= batch.lastOffsetDelta();
        return sound ? "" : "the header of a batch of " + length + " bytes contradicts itself";
    }

    private int index() {
        return (int) (position - windowStart);
    }

    /** Makes the window hold {@code bytes} from the present position; false if the file does not have them. */
    private boolean show(int bytes) throws IOException {
        if (position >= windowStart && position + bytes <= windowStart + window.sizeBytes()) {
            return true;
        }
        buffer.clear().limit((int) Math.min(buffer.capacity(), end - position));
        file.read(buffer, position);
        window = RecordBuffers.of(buffer.flip());
        windowStart = position;
        return window.sizeBytes() >= bytes;
    }
}
