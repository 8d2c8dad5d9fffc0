package io.firn.cold.cache;

/**
 * How much the disk cache may take.
 *
 * @param bytes on the disk, at most; 0 is no cache
 * @param chunkBytes size of most chunks
 * @param leastUsableBytes free bytes of the disk below which the cache gives up all it has, and stays off; 0 lets it fill the disk
 * @param writeBytesPerSecond most bytes it writes; 0 is no bound
 */
public record DiskLimits(long bytes, int chunkBytes, long leastUsableBytes, long writeBytesPerSecond) {

    /** Files the cache is made of. Many, so that little leaves at once; few, so that a file is written and deleted seldom. */
    static final int REGIONS = 32;

    public DiskLimits {
        if (bytes < 0 || chunkBytes < 1 || leastUsableBytes < 0 || writeBytesPerSecond < 0) {
            throw new IllegalArgumentException("Disk cache of " + bytes + " bytes for chunks of " + chunkBytes + ", leaving " + leastUsableBytes + ", written at " + writeBytesPerSecond + " bytes/s");
        }
    }

    long chunks() {
        return bytes / aligned(chunkBytes);
    }

    long regionBytes() {
        return Math.max(1, chunks() / REGIONS) * aligned(chunkBytes);
    }

    int regions() {
        return (int) (bytes / regionBytes());
    }

    /** Room for {@code bytes}, so that the next chunk begins where it may go past the page cache. */
    static long aligned(long bytes) {
        return (bytes + RegionFiles.ALIGNMENT - 1) / RegionFiles.ALIGNMENT * RegionFiles.ALIGNMENT;
    }
}
