package io.firn.cold;

import io.firn.cold.segment.Checksums;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The log bytes of one committed segment, piece by piece, each of which is checked: all of a {@link ColdSegmentLog} that is needed to read it on later, 4 bytes a piece.
 *
 * <p>Threading: immutable; futures as those of {@link ColdSegmentLog}.
 */
public final class ColdChunks {

    private final ColdStore store;
    private final ColdSegment segment;
    private final int chunkBytes;
    private final int[] checksums;

    ColdChunks(ColdStore store, ColdSegment segment, int chunkBytes, int[] checksums) {
        this.store = store;
        this.segment = segment;
        this.chunkBytes = chunkBytes;
        this.checksums = checksums;
    }

    public ColdSegment segment() {
        return segment;
    }

    int chunkBytes() {
        return chunkBytes;
    }

    /** At least 1. */
    public int count() {
        return checksums.length;
    }

    /** The bytes of one; the last may be short. */
    public CompletableFuture<ByteBuffer> chunk(int index) {
        return store.onWork(fetch(index).exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Corrupt ? fetch(index) // damaged on the way, perhaps
                : CompletableFuture.failedFuture(failure)));
    }

    boolean isChunk(int index, ByteBuffer bytes) {
        return Checksums.crc32c(bytes) == checksums[index];
    }

    private CompletableFuture<ByteBuffer> fetch(int index) {
        long position = (long) index * chunkBytes;
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(chunkBytes, segment.logSizeBytes() - position));
        store.meters().get(bytes.capacity());
        return store.objects().get(segment.key(), position, bytes).thenApply(nothing -> {
            bytes.clear();
            if (Checksums.crc32c(bytes) != checksums[index]) {
                store.meters().corruptChunk();
                throw new CompletionException(new ColdStoreException.Corrupt("Chunk " + index + " of " + segment.key() + " fails its checksum", null));
            }
            return bytes;
        });
    }
}
