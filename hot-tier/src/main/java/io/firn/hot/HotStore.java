package io.firn.hot;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;

/**
 * All logs below one data directory, their lock against a second process, and the flusher of that disk.
 *
 * <p>Threading: thread-safe; recovery and file work run on its own bounded I/O pool.
 */
public final class HotStore implements AutoCloseable {

    private HotStore() {}

    /**
     * Locks the directory and reads what is in it; no log is recovered yet.
     *
     * @throws HotStoreException when another process holds the directory, or it is not usable
     */
    public static HotStore open(HotStoreConfig config, Disk disk, java.time.InstantSource clock, io.micrometer.core.instrument.MeterRegistry meters) {
        throw new UnsupportedOperationException();
    }

    /** Partitions that have a directory, with their clean or unclean state. Directories that no topic claims are left to {@link #delete}. */
    public java.util.Set<TopicIdPartition> onDisk() {
        throw new UnsupportedOperationException();
    }

    /**
     * Opens the partition's log, recovering it if the last shutdown was not clean, or creates it empty. The log is confined to
     * {@code loop}; the future completes there. A log that cannot be recovered comes back offline, with its reason.
     */
    public CompletableFuture<HotLog> openOrCreate(TopicIdPartition partition, HotLogConfig config, Executor loop) {
        throw new UnsupportedOperationException();
    }

    /** Takes the log out of service and deletes its files. Reads in flight end normally. */
    public CompletableFuture<Void> delete(TopicIdPartition partition) {
        throw new UnsupportedOperationException();
    }

    /** Free bytes of the disk, as last looked up (at most a second old). */
    public long usableBytes() {
        throw new UnsupportedOperationException();
    }

    public long totalBytes() {
        throw new UnsupportedOperationException();
    }

    /** Flushes and closes every log, writes the clean-shutdown marker, releases the lock. Blocks; not for an event loop. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
