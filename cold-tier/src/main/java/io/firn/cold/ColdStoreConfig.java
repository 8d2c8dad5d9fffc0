package io.firn.cold;

/**
 * Settings of the cold tier.
 *
 * @param prefix key prefix of everything this cluster writes, without leading or trailing slash; may be empty
 * @param clusterId id that marks the bucket as this cluster's
 * @param chunkBytes unit of reading, caching and checksums, 64 KiB to 64 MiB
 * @param cacheBytes memory for chunks, bounds what cold reads may hold
 * @param readParallelism ranged GETs in flight in all
 * @param readAheadBytes most bytes one reader has in flight or ready ahead of its position
 * @param uploadParallelism segments uploaded at the same time
 * @param requestTimeoutMs time without any progress after which a request counts as failed
 * @param retryMaxAttempts attempts per request before the error is given to the caller
 * @param deleteGraceMs time between the manifest that drops a segment and the deletion of its object
 * @param acceptNoConditionalWrites run on a store without {@code If-None-Match} (leadership alone then fences writers)
 */
public record ColdStoreConfig(String prefix, String clusterId, int chunkBytes, long cacheBytes, int readParallelism, long readAheadBytes,
        int uploadParallelism, long requestTimeoutMs, int retryMaxAttempts, long deleteGraceMs, boolean acceptNoConditionalWrites) {}
