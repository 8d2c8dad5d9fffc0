package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What recovery starts from: file {@code partition.checkpoint}, replaced atomically.
 *
 * <pre>
 *  0         2                10                 14               22                 30            34
 * ┌─────────┬────────────────┬──────────────────┬────────────────┬──────────────────┬─────────────┐
 * │ version │ recoveryPoint  │ recoveryPosition │ logStartOffset │ localStartOffset │ CRC32C of   │   big-endian
 * │ 1 int16 │ int64          │ int32            │ int64          │ int64            │ bytes 0..29 │
 * └─────────┴────────────────┴──────────────────┴────────────────┴──────────────────┴─────────────┘
 * </pre>
 *
 * @param recoveryPoint every record below it is forced, and so are the indexes of its segments and the epochs and producer state at it
 * @param recoveryPosition bytes of the segment that holds the recovery point which lie below it; 0 at a segment's start
 * @param logStartOffset first offset a client may read, in either tier
 * @param localStartOffset base offset of the oldest local segment; older files are what a deletion had not yet removed
 */
public record PartitionCheckpoint(long recoveryPoint, int recoveryPosition, long logStartOffset, long localStartOffset) {

    private static final short VERSION = 1;
    private static final int BODY_BYTES = 30;
    private static final int SIZE_BYTES = BODY_BYTES + Integer.BYTES;

    public PartitionCheckpoint {
        if (localStartOffset < 0 || recoveryPosition < 0 || logStartOffset < 0 || recoveryPoint < localStartOffset) {
            throw new IllegalArgumentException("recovery point " + recoveryPoint + " at " + recoveryPosition + ", log start " + logStartOffset
                    + ", local start " + localStartOffset);
        }
    }

    public ByteBuffer toBytes() {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE_BYTES);
        bytes.putShort(VERSION).putLong(recoveryPoint).putInt(recoveryPosition).putLong(logStartOffset).putLong(localStartOffset);
        bytes.putInt(crc(bytes));
        return bytes.flip();
    }

    public static PartitionCheckpoint fromBytes(ByteBuffer bytes) throws CorruptStateException {
        if (bytes.remaining() != SIZE_BYTES || bytes.getInt(BODY_BYTES) != crc(bytes)) {
            throw new CorruptStateException("partition checkpoint: damaged, " + bytes.remaining() + " bytes");
        }
        if (bytes.getShort(0) != VERSION) {
            throw new CorruptStateException("partition checkpoint: version " + bytes.getShort(0) + " is not known");
        }
        try {
            return new PartitionCheckpoint(bytes.getLong(2), bytes.getInt(10), bytes.getLong(14), bytes.getLong(22));
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("partition checkpoint: " + e.getMessage());
        }
    }

    public PartitionCheckpoint withRecoveryPoint(long offset, int position) {
        return new PartitionCheckpoint(offset, position, logStartOffset, localStartOffset);
    }

    public PartitionCheckpoint withLogStart(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, offset, localStartOffset);
    }

    public PartitionCheckpoint withLocalStart(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, logStartOffset, offset);
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().clear().limit(BODY_BYTES));
        return (int) crc.getValue();
    }
}
