package io.firn.cold.cache;

import java.util.concurrent.CompletableFuture;

/** Addresses of chunks whose checksum is known. */
final class ChunkAddresses {

    private ChunkAddresses() {}

    static ChunkAddress of(String object, int chunkBytes, int index, int length, int crc32c) {
        int[] checksums = new int[index + 1];
        checksums[index] = crc32c;
        return new ChunkAddress(object, chunkBytes, index, length, CompletableFuture.completedFuture(checksums));
    }
}
