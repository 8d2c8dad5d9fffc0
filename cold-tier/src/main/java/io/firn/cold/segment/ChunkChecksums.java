package io.firn.cold.segment;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Takes the CRC32C of each chunk of a log that streams by. Confined to one thread at a time. */
final class ChunkChecksums {

    private final CRC32C crc = new CRC32C();
    private final int chunkBytes;
    private final int[] checksums;
    private int filled;
    private int chunk;

    ChunkChecksums(long logSizeBytes, int chunkBytes) {
        this.chunkBytes = chunkBytes;
        this.checksums = new int[Math.toIntExact((logSizeBytes + chunkBytes - 1) / chunkBytes)];
    }

    /** The next bytes, position to limit; both stay as they are. */
    void accept(ByteBuffer bytes) {
        for (int at = bytes.position(); at < bytes.limit(); ) {
            int count = Math.min(chunkBytes - filled, bytes.limit() - at);
            crc.update(bytes.slice(at, count));
            at += count;
            filled += count;
            if (filled == chunkBytes) {
                close();
            }
        }
    }

    private void close() {
        checksums[chunk++] = (int) crc.getValue();
        crc.reset();
        filled = 0;
    }

    /** The checksums, the short last chunk included. */
    int[] finish() {
        if (filled > 0) {
            close();
        }
        return checksums.clone();
    }
}
