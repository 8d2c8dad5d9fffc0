package io.firn.membership.journal;

import io.firn.membership.EntryHash;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The header of a journal file; records ({@link JournalRecord}) follow it without a gap. Immutable.
 *
 * <pre>
 *  0           8        10               18                50       54
 *  | FIRNJRNL  | format | first version  | previous hash   | CRC32C | records …    big-endian
 *  |           |  = 1   |                | SHA-256         | of all before
 * </pre>
 *
 * @param firstVersion version of the first record
 * @param previous hash of the record before it
 */
record JournalFile(long firstVersion, EntryHash previous) {

    static final int HEADER_BYTES = 54;

    private static final long MAGIC = 0x4649524e4a524e4cL;
    private static final short FORMAT = 1;

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
        out.putLong(MAGIC).putShort(FORMAT).putLong(firstVersion);
        previous.write(out);
        return out.putInt(crc(out.array())).array();
    }

    /** Reads the header and moves behind it. */
    static JournalFile read(String name, ByteBuffer in) {
        if (in.remaining() < HEADER_BYTES || in.getInt(HEADER_BYTES - 4) != crc(in.array()) || in.getLong() != MAGIC) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "metadata journal file " + name + " has a damaged header: restore the metadata directory from a copy");
        }
        short format = in.getShort();
        if (format != FORMAT) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "metadata journal file " + name + " has format " + format + ", which this version of Firn does not know");
        }
        JournalFile header = new JournalFile(in.getLong(), EntryHash.read(in));
        in.position(HEADER_BYTES);
        if (!Names.journal(header.firstVersion()).equals(name)) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "metadata journal file " + name + " was renamed; it begins with entry " + header.firstVersion());
        }
        return header;
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, HEADER_BYTES - 4);
        return (int) crc.getValue();
    }
}
