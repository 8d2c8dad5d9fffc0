package io.firn.cold.cache;

import java.util.concurrent.CompletableFuture;

/**
 * Where a chunk is and what it must be.
 *
 * @param object key of its segment object
 * @param index number of the chunk within the log
 * @param position first byte
 * @param length bytes, > 0
 * @param checksums CRC32C of each chunk of the log, from the segment's own table; if that is on its way, the chunk can be asked for, but is there only when both have come, and fails as the table does
 */
public record ChunkAddress(String object, int index, long position, int length, CompletableFuture<int[]> checksums) {

    /** Identity of a chunk; objects never change. Not its number: who takes the object's chunks for smaller ones than they are means others by that. */
    record Key(String object, long position, int length) {}

    Key key() {
        return new Key(object, position, length);
    }

    /** Whether its checksum is known. */
    boolean hasChecksum() {
        return checksums.isDone() && !checksums.isCompletedExceptionally();
    }

    /** Once it is known. */
    int crc32c() {
        return checksums.join()[index];
    }
}
