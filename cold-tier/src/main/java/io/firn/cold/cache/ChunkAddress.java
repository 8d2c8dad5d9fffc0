package io.firn.cold.cache;

import java.util.concurrent.CompletableFuture;

/**
 * Where a chunk is and what it must be.
 *
 * @param object key of its segment object
 * @param chunkBytes that a chunk of this log has, but for the last one
 * @param index number of the chunk within the log
 * @param length bytes, > 0
 * @param checksums CRC32C of each chunk of the log, from the segment's own table; if that is on its way, the chunk can be asked for, but is there only when both have come, and fails as the table does
 */
public record ChunkAddress(String object, int chunkBytes, int index, int length, CompletableFuture<int[]> checksums) {

    private static final CompletableFuture<int[]> COMPARED = CompletableFuture.completedFuture(new int[0]);

    /** Identity of a chunk; objects never change. Who takes the object's chunks for smaller or larger ones than they are means others, even where the bytes are the same: those fail. */
    record Key(String object, int chunkBytes, int index) {}

    Key key() {
        return new Key(object, chunkBytes, index);
    }

    /** First byte. */
    long position() {
        return (long) index * chunkBytes;
    }

    /** The address of a chunk that was compared and is kept: it does not keep the table of its whole log, which may be as large as itself. */
    ChunkAddress compared() {
        return new ChunkAddress(object, chunkBytes, index, length, COMPARED);
    }

    /** Whether its checksum is known. */
    boolean hasChecksum() {
        return checksums.isDone() && !lacksChecksum();
    }

    /** Whether it will never be known. */
    boolean lacksChecksum() {
        return checksums.isCompletedExceptionally();
    }

    /** Once it is known, and until it was {@link #compared}. */
    int crc32c() {
        return checksums.join()[index];
    }
}
