/**
 * Chunks of segment objects in memory: the pool of buffers, the cache over it and who may have how much of it, and the requests that fill it, run by run.
 *
 * <p>Used by {@code io.firn.cold} and {@code read} only; imports the JDK, {@code io.firn.cold} and {@code segment}.
 *
 * <p>Threading: everything here is confined to the executor {@code ColdThreads.reads}, which runs one task at a time (called "the reads thread", whichever thread that is), but for what {@link
 * io.firn.cold.cache.Chunk#bytes()} hands out, {@link io.firn.cold.cache.RangedGets}, and the checksums that {@code RunFetches} takes where bytes come. So there is no lock.
 */
package io.firn.cold.cache;
