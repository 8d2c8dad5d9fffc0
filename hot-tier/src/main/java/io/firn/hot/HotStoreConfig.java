package io.firn.hot;

import java.nio.file.Path;

/**
 * Settings of one data directory.
 *
 * @param directory where the logs live
 * @param durability when an append counts
 * @param flushTickMs shortest time between two rounds of forcing, 0 to 100 ms
 * @param ioThreads threads of the I/O pool (recovery, rolls, deletes, prefetch)
 * @param producerIdExpirationMs idle time after which an idempotent producer is forgotten
 * @param maxDirtyBytes bytes that may be appended but not forced before the flusher forces them in the background (also under {@link Durability#OS})
 */
public record HotStoreConfig(Path directory, Durability durability, int flushTickMs, int ioThreads, long producerIdExpirationMs, long maxDirtyBytes) {}
