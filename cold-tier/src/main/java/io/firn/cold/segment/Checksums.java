package io.firn.cold.segment;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC32C (Castagnoli), the only checksum of Firn's own formats. */
public final class Checksums {

    private Checksums() {}

    /** Of position to limit, which stay as they are. */
    public static int crc32c(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate());
        return (int) crc.getValue();
    }
}
