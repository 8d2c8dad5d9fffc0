package io.firn.membership.cp;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * Everything that one force makes durable: records written with one append.
 *
 * <pre>
 *  0        4        8          16       20
 *  | "FRAM" | length | sequence | CRC32C | records …    big-endian; length of the records; CRC of length, sequence and records
 * </pre>
 *
 * <p>A frame is the unit that can be torn: only one is ever written and not yet forced, and a power loss may keep any of its pages. So a bad frame at the end of a file was
 * never acknowledged and is cut. A bad frame with a sound one behind it was acknowledged once and is damage: the next one was written only after it was forced.
 */
final class GroupFrame {

    static final int HEADER_BYTES = 20;
    private static final int MAGIC = 0x4652414d;
    private static final int SEQUENCE_AT = 8;
    private static final int CRC_AT = 16;

    private GroupFrame() {}

    static ByteBuffer encode(long sequence, List<byte[]> records) {
        int length = records.stream().mapToInt(record -> record.length).reduce(0, Math::addExact);
        ByteBuffer out = ByteBuffer.allocate(Math.addExact(HEADER_BYTES, length));
        out.putInt(MAGIC).putInt(length).putLong(sequence).position(HEADER_BYTES);
        records.forEach(out::put);
        return out.putInt(CRC_AT, crc(out, 0, length)).flip();
    }

    /** Whether a whole, sound frame begins there. */
    static boolean soundAt(ByteBuffer file, int at) {
        if (file.limit() - at < HEADER_BYTES || file.getInt(at) != MAGIC) {
            return false;
        }
        int length = file.getInt(at + 4);
        return length >= 0 && length <= file.limit() - at - HEADER_BYTES && file.getInt(at + CRC_AT) == crc(file, at, length);
    }

    static long sequenceAt(ByteBuffer file, int at) {
        return file.getLong(at + SEQUENCE_AT);
    }

    /** The records of a sound frame. */
    static ByteBuffer recordsAt(ByteBuffer file, int at) {
        return file.slice(at + HEADER_BYTES, file.getInt(at + 4));
    }

    /** Where a sound frame begins behind {@code at}, if there is one. */
    static OptionalLong nextSound(ByteBuffer file, int at) {
        for (int next = at + 1; next <= file.limit() - HEADER_BYTES; next++) {
            if (soundAt(file, next)) {
                return OptionalLong.of(next);
            }
        }
        return OptionalLong.empty();
    }

    private static int crc(ByteBuffer file, int at, int length) {
        CRC32C crc = new CRC32C();
        crc.update(file.slice(at + 4, CRC_AT - 4));
        crc.update(file.slice(at + HEADER_BYTES, length));
        return (int) crc.getValue();
    }
}
