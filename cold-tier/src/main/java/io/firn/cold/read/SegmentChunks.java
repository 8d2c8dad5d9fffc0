package io.firn.cold.read;

import io.firn.cold.cache.ChunkAddress;
import io.firn.cold.segment.SegmentFacts;
import io.firn.cold.segment.SegmentIndexes;
import java.util.concurrent.CompletableFuture;

/** The chunks of one segment: what a sequence of reads has to remember of it, a few KiB a GiB. Immutable, but that their checksums may be on their way. */
final class SegmentChunks {

    /** The segment was written with chunks of another size than was expected: none of those is to be had. */
    static final class OtherSize extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private OtherSize(SegmentFacts facts, int expectedBytes) {
            super("Segment " + facts.baseOffset() + " has chunks of " + facts.chunkBytes() + " bytes, not of " + expectedBytes);
        }
    }

    private final String object;
    private final long logSizeBytes;
    private final int chunkBytes;
    private final CompletableFuture<int[]> checksums;

    private SegmentChunks(LiveSegment segment, int chunkBytes, CompletableFuture<int[]> checksums) {
        this.object = segment.key();
        this.logSizeBytes = segment.facts().logSizeBytes();
        this.chunkBytes = chunkBytes;
        this.checksums = checksums;
    }

    static SegmentChunks of(LiveSegment segment, SegmentIndexes indexes) {
        return new SegmentChunks(segment, indexes.facts().chunkBytes(), CompletableFuture.completedFuture(indexes.checksums()));
    }

    /** To be asked for before the indexes are there: taken to have {@code chunkBytes}; if they have not, each fails with {@link OtherSize}. */
    static SegmentChunks expected(LiveSegment segment, int chunkBytes, CompletableFuture<SegmentIndexes> indexes) {
        return new SegmentChunks(segment, chunkBytes, indexes.thenApply(found -> {
            if (found.facts().chunkBytes() != chunkBytes) {
                throw new OtherSize(found.facts(), chunkBytes);
            }
            return found.checksums();
        }));
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
        return (int) (Math.min(position, logSizeBytes - 1) / chunkBytes);
    }

    /** At least 1. */
    int count() {
        return indexOf(logSizeBytes) + 1;
    }

    /** Position behind the chunk; of the one before the first, 0. */
    long end(int index) {
        return Math.min((index + 1L) * chunkBytes, logSizeBytes);
    }

    ChunkAddress address(int index) {
        return new ChunkAddress(object, chunkBytes, index, (int) Math.min(chunkBytes, logSizeBytes - (long) index * chunkBytes), checksums);
    }
}
