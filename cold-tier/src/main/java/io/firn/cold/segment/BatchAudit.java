package io.firn.cold.segment;

import io.firn.cold.ColdStoreException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Checks a log that streams by, batch by batch: magic, length, CRC32C, offsets that only rise. What passes is fit to outlive the local copy.
 *
 * <p>Offsets may be missing anywhere, before the first batch and after the last one too: compaction leaves such gaps. A batch that it has emptied (no records, only a range of
 * offsets) has no timestamp, whatever its header says: nobody can find a record by it.
 *
 * <p>Threading: confined to one thread at a time. Memory: one header.
 */
public final class BatchAudit {

    private final ByteBuffer header = ByteBuffer.allocate(BatchHeader.BYTES);
    private final CRC32C crc = new CRC32C();
    private final long endOffset;
    private long position;
    private long nextOffset;
    private long maxTimestampMs = -1;
    private int bodyLeft;

    /** Offsets of the batches have to lie in {@code [baseOffset, endOffset)}. */
    public BatchAudit(long baseOffset, long endOffset) {
        this.nextOffset = baseOffset;
        this.endOffset = endOffset;
    }

    /** Takes the next bytes of the log, position to limit, all of them. {@link ColdStoreException.Corrupt} at the first batch that is not sound. */
    public void accept(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (header.hasRemaining()) {
                take(bytes, Math.min(header.remaining(), bytes.remaining()), true);
                if (!header.hasRemaining()) {
                    openBatch();
                }
            } else {
                take(bytes, Math.min(bodyLeft, bytes.remaining()), false);
            }
            if (!header.hasRemaining() && bodyLeft == 0) {
                closeBatch();
            }
        }
    }

    private void take(ByteBuffer bytes, int count, boolean intoHeader) {
        ByteBuffer piece = bytes.slice(bytes.position(), count);
        bytes.position(bytes.position() + count);
        position += count;
        if (intoHeader) {
            header.put(piece);
        } else {
            bodyLeft -= count;
            crc.update(piece);
        }
    }

    private void openBatch() {
        BatchHeader.requireMagic(header.get(BatchHeader.MAGIC_AT));
        bodyLeft = BatchHeader.sizeBytes(header.getInt(BatchHeader.LENGTH_AT)) - BatchHeader.BYTES;
        long baseOffset = header.getLong(0);
        long next = BatchHeader.nextOffset(baseOffset, header.getInt(BatchHeader.LAST_OFFSET_DELTA_AT));
        if (baseOffset < nextOffset || next > endOffset) {
            throw corrupt("offsets [" + baseOffset + "," + next + ") after " + nextOffset + " in a segment that ends at " + endOffset);
        }
        nextOffset = next;
        if (header.getInt(BatchHeader.RECORD_COUNT_AT) > 0) {
            maxTimestampMs = Math.max(maxTimestampMs, header.getLong(BatchHeader.MAX_TIMESTAMP_AT));
        }
        crc.reset();
        crc.update(header.slice(BatchHeader.ATTRIBUTES_AT, BatchHeader.BYTES - BatchHeader.ATTRIBUTES_AT));
    }

    private void closeBatch() {
        if ((int) crc.getValue() != header.getInt(BatchHeader.CRC_AT)) {
            throw corrupt("checksum");
        }
        header.clear();
    }

    /** {@link ColdStoreException.Corrupt} if the log ended within a batch. */
    public void finish() {
        if (header.position() != 0) {
            throw corrupt("cut short");
        }
    }

    /** Largest timestamp of the batches seen, Unix milliseconds; -1 if none. */
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    private ColdStoreException corrupt(String what) {
        return new ColdStoreException.Corrupt("Segment log is not sound before byte " + position + ": batch " + header.getLong(0) + ": " + what, null);
    }
}
