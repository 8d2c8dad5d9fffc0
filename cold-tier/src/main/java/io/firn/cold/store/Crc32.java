package io.firn.cold.store;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32;

/** The checksum that S3 servers verify, as they write it: CRC-32, big endian, base64 ({@code x-amz-checksum-crc32}). Pure. */
final class Crc32 {

    private Crc32() {}

    /** Of the bytes from position to limit, which are left alone. */
    static String of(ByteBuffer bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes.duplicate());
        return Base64.getEncoder().encodeToString(ByteBuffer.allocate(Integer.BYTES).putInt((int) crc.getValue()).array());
    }
}
