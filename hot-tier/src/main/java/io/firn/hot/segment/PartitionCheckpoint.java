package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What recovery starts from: file {@code partition.checkpoint}, replaced atomically.
 *
 * <pre>
 *  0         2                10                 14               22                 30          38        46            50
 * ┌─────────┬────────────────┬──────────────────┬────────────────┬──────────────────┬───────────┬─────────┬─────────────┐
 * │ version │ recoveryPoint  │ recoveryPosition │ logStartOffset │ localStartOffset │ gapsBelow │ cleanTo │ CRC32C of   │   big-endian
 * │ 2 int16 │ int64          │ int32            │ int64          │ int64            │ int64     │ int64   │ bytes 0..45 │
 * └─────────┴────────────────┴──────────────────┴────────────────┴──────────────────┴───────────┴─────────┴─────────────┘
 * </pre>
 *
 * <p>Version 1 ends with the CRC of bytes 0..29; such a log was never compacted.
 *
 * @param recoveryPoint every record below it is forced, and so are the indexes of its segments and the epochs and producer state at it
 * @param recoveryPosition bytes of the segment that holds the recovery point which lie below it; 0 at a segment's start
 * @param logStartOffset first offset a client may read, in either tier
 * @param localStartOffset base offset of the oldest local segment; older files are what a deletion had not yet removed
 * @param gapsBelow compaction may have left gaps between batches below this offset, whatever the topic's policy is now
 * @param cleanTo how far compaction has got: records below it supersede none that is still there. Lost, it only costs work
 */
public record PartitionCheckpoint(long recoveryPoint, int recoveryPosition, long logStartOffset, long localStartOffset, long gapsBelow, long cleanTo) {

    private static final short VERSION = 2;
    private static final int BODY_BYTES = 46;
    private static final short OLD_VERSION = 1;
    private static final int OLD_BODY_BYTES = 30;

    public PartitionCheckpoint {
        if (localStartOffset < 0 || recoveryPosition < 0 || logStartOffset < 0 || recoveryPoint < localStartOffset || gapsBelow < 0 || cleanTo < 0) {
            throw new IllegalArgumentException("recovery point " + recoveryPoint + " at " + recoveryPosition + ", log start " + logStartOffset
                    + ", local start " + localStartOffset + ", gaps below " + gapsBelow + ", clean to " + cleanTo);
        }
    }

    /** Of a log that was never compacted. */
    public PartitionCheckpoint(long recoveryPoint, int recoveryPosition, long logStartOffset, long localStartOffset) {
        this(recoveryPoint, recoveryPosition, logStartOffset, localStartOffset, 0, 0);
    }

    public ByteBuffer toBytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BODY_BYTES + Integer.BYTES);
        bytes.putShort(VERSION).putLong(recoveryPoint).putInt(recoveryPosition).putLong(logStartOffset).putLong(localStartOffset).putLong(gapsBelow).putLong(cleanTo);
        bytes.putInt(crc(bytes, BODY_BYTES));
        return bytes.flip();
    }

    public static PartitionCheckpoint fromBytes(ByteBuffer bytes) throws CorruptStateException {
        int bodyBytes = bytes.remaining() == OLD_BODY_BYTES + Integer.BYTES ? OLD_BODY_BYTES : BODY_BYTES;
        if (bytes.remaining() != bodyBytes + Integer.BYTES || bytes.getInt(bodyBytes) != crc(bytes, bodyBytes)) {
            throw new CorruptStateException("partition checkpoint: damaged, " + bytes.remaining() + " bytes");
        }
        if (bytes.getShort(0) != (bodyBytes == BODY_BYTES ? VERSION : OLD_VERSION)) {
            throw new CorruptStateException("partition checkpoint: version " + bytes.getShort(0) + " is not known");
        }
        try {
            boolean old = bodyBytes == OLD_BODY_BYTES;
            return new PartitionCheckpoint(bytes.getLong(2), bytes.getInt(10), bytes.getLong(14), bytes.getLong(22), old ? 0 : bytes.getLong(30), old ? 0 : bytes.getLong(38));
        } catch (IllegalArgumentException e) {
            throw new CorruptStateException("partition checkpoint: " + e.getMessage());
        }
    }

    public PartitionCheckpoint withRecoveryPoint(long offset, int position) {
        return new PartitionCheckpoint(offset, position, logStartOffset, localStartOffset, gapsBelow, cleanTo);
    }

    public PartitionCheckpoint withLogStart(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, offset, localStartOffset, gapsBelow, cleanTo);
    }

    public PartitionCheckpoint withLocalStart(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, logStartOffset, offset, gapsBelow, cleanTo);
    }

    public PartitionCheckpoint withGapsBelow(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, logStartOffset, localStartOffset, offset, cleanTo);
    }

    public PartitionCheckpoint withCleanTo(long offset) {
        return new PartitionCheckpoint(recoveryPoint, recoveryPosition, logStartOffset, localStartOffset, gapsBelow, offset);
    }

    private static int crc(ByteBuffer bytes, int bodyBytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().clear().limit(bodyBytes));
        return (int) crc.getValue();
    }
}
