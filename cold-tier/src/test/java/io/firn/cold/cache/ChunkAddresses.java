package io.firn.cold.cache;

import java.util.concurrent.CompletableFuture;

/** Addresses of chunks whose checksum is known. */
final class ChunkAddresses {

    private ChunkAddresses() {}

    static ChunkAddress of(String object, int index, long position, int length, int crc32c) {
        int[] checksums = new int[index + 1];
        checksums[index] = crc32c;
        return new ChunkAddress(object, index, position, length, CompletableFuture.completedFuture(checksums));
    }
}
