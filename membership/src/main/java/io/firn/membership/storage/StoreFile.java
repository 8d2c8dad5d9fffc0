package io.firn.membership.storage;

import io.firn.membership.Head;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What the single broker's store remembers, and how its file looks. Immutable.
 *
 * <pre>
 *  0            8         10      14         15                     59       63
 *  | FIRNHEAD   | version | fence | has head | head (or 44 zeros)   | CRC32C |     big-endian, 63 bytes
 *  |            |  = 1    |       |  0 or 1  |                      | of all before
 * </pre>
 *
 * @param fence controller epoch given out last, 0 before the first
 */
record StoreFile(int fence, Optional<Head> head) {

    static final StoreFile FRESH = new StoreFile(0, Optional.empty());

    private static final long MAGIC = 0x4649524e48454144L;
    private static final short VERSION = 1;
    private static final int CRC_AT = 15 + Head.SIZE_BYTES;
    private static final int SIZE_BYTES = CRC_AT + 4;

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(SIZE_BYTES);
        out.putLong(MAGIC).putShort(VERSION).putInt(fence).put((byte) (head.isPresent() ? 1 : 0));
        head.ifPresent(value -> value.write(out));
        out.position(CRC_AT).putInt(crc(out.array()));
        return out.array();
    }

    static StoreFile decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < 10 || in.getLong() != MAGIC) {
            throw damaged();
        }
        short version = in.getShort();
        if (version != VERSION) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "metadata store file has format " + version + ", which this version of Firn does not know");
        }
        if (bytes.length != SIZE_BYTES || in.getInt(CRC_AT) != crc(bytes)) {
            throw damaged();
        }
        int fence = in.getInt();
        return new StoreFile(fence, in.get() == 0 ? Optional.empty() : Optional.of(Head.read(in)));
    }

    private static MetadataOpenFailed damaged() {
        return new MetadataOpenFailed(Reason.DAMAGED, "metadata store file is damaged: restore the metadata directory from a copy");
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, CRC_AT);
        return (int) crc.getValue();
    }
}
