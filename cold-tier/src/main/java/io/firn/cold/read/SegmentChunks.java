package io.firn.cold.read;

import io.firn.cold.cache.ChunkAddress;
import io.firn.cold.segment.SegmentIndexes;

/** The chunks of one segment: what a sequence of reads has to remember of it, a few KiB a GiB. Immutable. */
final class SegmentChunks {

    private final String object;
    private final long logSizeBytes;
    private final int chunkBytes;
    private final int[] checksums;

    SegmentChunks(LiveSegment segment, SegmentIndexes indexes) {
        this.object = segment.key();
        this.logSizeBytes = indexes.facts().logSizeBytes();
        this.chunkBytes = indexes.facts().chunkBytes();
        this.checksums = indexes.checksums();
    }

    String object() {
        return object;
    }

    long logSizeBytes() {
        return logSizeBytes;
    }

    int chunkBytes() {
        return chunkBytes;
    }

    /** Number of the chunk that holds byte {@code position}; the last one for the end of the log. */
    int indexOf(long position) {
        return (int) Math.min(position / chunkBytes, checksums.length - 1);
    }

    /** At least 1. */
    int count() {
        return checksums.length;
    }

    /** Position behind the chunk; of the one before the first, 0. */
    long end(int index) {
        return Math.min((index + 1L) * chunkBytes, logSizeBytes);
    }

    ChunkAddress address(int index) {
        long position = (long) index * chunkBytes;
        return new ChunkAddress(object, index, position, (int) Math.min(chunkBytes, logSizeBytes - position), checksums[index]);
    }
}
