package io.firn.cold.cache;

/**
 * Where a chunk is and what it must be.
 *
 * @param object key of its segment object
 * @param index number of the chunk within the log
 * @param position first byte
 * @param length bytes, > 0
 * @param crc32c their checksum, from the segment's own table
 */
public record ChunkAddress(String object, int index, long position, int length, int crc32c) {

    /** Identity of a chunk; objects never change. */
    record Key(String object, int index) {}

    Key key() {
        return new Key(object, index);
    }
}
