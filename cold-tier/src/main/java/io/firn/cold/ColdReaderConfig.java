package io.firn.cold;

import java.util.Objects;
import java.util.Optional;

/**
 * Settings of a {@link ColdLogReader}.
 *
 * @param prefix key prefix of the cluster's objects, without leading or trailing slash; may be empty
 * @param clusterId the cluster that the bucket must belong to; any if empty
 * @param chunkBytes unit of the cache, 64 KiB to 64 MiB; best the one the segments were written with, though any can be read
 * @param cacheBytes memory for chunks and indexes, direct memory for the most part; bounds what reads hold. At least 8 chunks. Manifest pages take up to {@link ColdStoreConfig#PAGE_CACHE_BYTES} beside it
 * @param readParallelism ranged GETs in flight in all, 1 to 1024
 * @param readAheadBytes most bytes that one stream has in flight or ready ahead of its position
 * @param requestTimeoutMs times {@code retryMaxAttempts} it bounds a read
 * @param retryMaxAttempts attempts per request
 */
public record ColdReaderConfig(String prefix, Optional<String> clusterId, int chunkBytes, long cacheBytes, int readParallelism, long readAheadBytes, long requestTimeoutMs, int retryMaxAttempts) {

    private static final int CHUNK_BYTES = 1 << 20;

    public ColdReaderConfig {
        Objects.requireNonNull(clusterId, "clusterId");
        store(prefix, chunkBytes, cacheBytes, readParallelism, readAheadBytes, requestTimeoutMs, retryMaxAttempts); // the same bounds
    }

    /** Reads below {@code prefix}, whoever's the bucket is, with 64 MiB of memory for chunks and indexes. */
    public static ColdReaderConfig of(String prefix) {
        return new ColdReaderConfig(prefix, Optional.empty(), CHUNK_BYTES, 64L * CHUNK_BYTES, 16, 8L * CHUNK_BYTES, 15_000, 4);
    }

    /** As the read path wants them; what concerns writers has no effect. */
    ColdStoreConfig store() {
        return store(prefix, chunkBytes, cacheBytes, readParallelism, readAheadBytes, requestTimeoutMs, retryMaxAttempts);
    }

    private static ColdStoreConfig store(String prefix, int chunkBytes, long cacheBytes, int readParallelism, long readAheadBytes, long requestTimeoutMs, int retryMaxAttempts) {
        return new ColdStoreConfig(prefix, "", chunkBytes, cacheBytes, readParallelism, readAheadBytes, 1, requestTimeoutMs, retryMaxAttempts, 0, false);
    }
}
