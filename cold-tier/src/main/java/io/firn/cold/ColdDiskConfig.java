package io.firn.cold;

import java.nio.file.Path;
import java.util.Objects;

/**
 * The cache of chunks on local disk.
 *
 * @param directory its own: it is emptied at each start
 * @param bytes most bytes in it; less than a chunk is no cache
 * @param leastUsableBytes free bytes of its disk below which it gives up all it has, and stays off; 0 lets it fill the disk
 * @param writeBytesPerSecond most bytes it writes; 0 is no bound
 */
public record ColdDiskConfig(Path directory, long bytes, long leastUsableBytes, long writeBytesPerSecond) {

    public ColdDiskConfig {
        Objects.requireNonNull(directory, "directory");
        if (bytes < 0 || leastUsableBytes < 0 || writeBytesPerSecond < 0) {
            throw new IllegalArgumentException("Cold tier: a cache on disk of " + bytes + " bytes that leaves " + leastUsableBytes + ", written at " + writeBytesPerSecond + " bytes/s");
        }
    }
}
