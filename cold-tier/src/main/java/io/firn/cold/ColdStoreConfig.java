package io.firn.cold;

import io.firn.cold.cache.BufferPool;
import java.util.Objects;
import java.util.Optional;

/**
 * Settings of the cold tier.
 *
 * @param prefix key prefix of everything this cluster writes, without leading or trailing slash; may be empty
 * @param clusterId id that marks the bucket as this cluster's
 * @param chunkBytes unit of reading, caching and checksums, 64 KiB to 64 MiB
 * @param cacheBytes memory for chunks and indexes, bounds what cold reads may hold; at least 8 chunks. Chunks are direct memory: the JVM must allow that much
 * @param readParallelism ranged GETs in flight in all, 1 to 1024
 * @param readAheadBytes most bytes one reader has in flight or ready ahead of its position; 0 switches read-ahead off
 * @param uploadParallelism segments uploaded at the same time, 1 to 64
 * @param requestTimeoutMs time without any progress after which a request counts as failed
 * @param retryMaxAttempts attempts per request before the error is given to the caller; times {@code requestTimeoutMs} it bounds a read
 * @param deleteGraceMs time between the manifest that drops a segment and the deletion of its object
 * @param acceptNoConditionalWrites run on a store that ignores or refuses {@code If-None-Match} (leadership alone then fences writers)
 * @param pageCacheBytes memory for manifest pages of long histories, of all partitions together; at least 1 MiB. Too small, and every read of old records reads a page of up to 240 KiB before
 * @param disk the cache on local disk behind the one in memory, if there is to be one
 */
public record ColdStoreConfig(String prefix, String clusterId, int chunkBytes, long cacheBytes, int readParallelism, long readAheadBytes,
        int uploadParallelism, long requestTimeoutMs, int retryMaxAttempts, long deleteGraceMs, boolean acceptNoConditionalWrites, long pageCacheBytes, Optional<ColdDiskConfig> disk) {

    /** Fewest chunks that leave room for reads, read-ahead and indexes. */
    public static final int LEAST_CHUNKS = 8;

    /** Some seventy pages, of 4096 segments each. */
    public static final long PAGE_CACHE_BYTES = 16L << 20;

    private static final long INDEX_LIMIT_BYTES = 32L << 20;
    private static final int INDEX_PART = 8;

    public ColdStoreConfig {
        Objects.requireNonNull(prefix, "prefix");
        Objects.requireNonNull(clusterId, "clusterId");
        require("chunkBytes", chunkBytes, 64 << 10, 64 << 20);
        require("cacheBytes", cacheBytes, (long) LEAST_CHUNKS * chunkBytes, Long.MAX_VALUE);
        require("readParallelism", readParallelism, 1, 1024);
        require("readAheadBytes", readAheadBytes, 0, Long.MAX_VALUE / 4);
        require("uploadParallelism", uploadParallelism, 1, 64);
        require("requestTimeoutMs", requestTimeoutMs, 1, Integer.MAX_VALUE);
        require("retryMaxAttempts", retryMaxAttempts, 1, 1000);
        require("deleteGraceMs", deleteGraceMs, 0, Long.MAX_VALUE / 4);
        Objects.requireNonNull(disk, "disk");
        require("pageCacheBytes", pageCacheBytes, 1 << 20, Long.MAX_VALUE / 4);
    }

    /** With {@link #PAGE_CACHE_BYTES}, and no cache on local disk. */
    public ColdStoreConfig(String prefix, String clusterId, int chunkBytes, long cacheBytes, int readParallelism, long readAheadBytes, int uploadParallelism, long requestTimeoutMs,
            int retryMaxAttempts, long deleteGraceMs, boolean acceptNoConditionalWrites) {
        this(prefix, clusterId, chunkBytes, cacheBytes, readParallelism, readAheadBytes, uploadParallelism, requestTimeoutMs, retryMaxAttempts, deleteGraceMs, acceptNoConditionalWrites, PAGE_CACHE_BYTES, Optional.empty());
    }

    /** Of {@code cacheBytes}, what keeps indexes, on the heap: an eighth, at most 32 MiB. As much again may be on its way. */
    public long indexBytes() {
        return Math.min(INDEX_LIMIT_BYTES, cacheBytes / INDEX_PART);
    }

    /** Chunks that the rest has room for. */
    public int cacheChunks() {
        return (int) Math.min(Integer.MAX_VALUE, (cacheBytes - indexBytes()) / chunkBytes);
    }

    /** Direct memory that chunks take once all of the cache is in use: a little more than their bytes, as their buffers are aligned for the disk. */
    public long directBytes() {
        return cacheChunks() * BufferPool.directBytes(chunkBytes);
    }

    private static void require(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException("Cold tier: " + name + " is " + value + "; allowed are " + least + " to " + most);
        }
    }
}
