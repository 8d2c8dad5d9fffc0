package io.firn.hot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * An open file of a {@link Disk}.
 *
 * <p>Threading: {@link #append} and {@link #truncate} are called by one thread at a time; all else from any thread at any time,
 * also beside an append. Threads in here must not be interrupted: the platform answers an interrupt by closing the file.
 */
public interface DiskFile extends Closeable {

    /** Present size. Exact for the appending thread; for others at least as large as any append they know of. */
    long sizeBytes() throws IOException;

    /**
     * Writes all remaining bytes of {@code buffers}, in order, at the end of the file, and consumes them. It copies into the page
     * cache and does not wait for the disk unless the system is short of clean pages, so it alone is allowed on an event loop.
     *
     * <p>After an exception any part of the bytes may be in the file; {@link #truncate} must succeed before the next append.
     *
     * @throws DiskFullException when there is no room
     */
    void append(ByteBuffer... buffers) throws IOException;

    /** Reads from {@code position} until {@code target} is full or the file ends; returns the bytes read, 0 at or behind the end. */
    int read(ByteBuffer target, long position) throws IOException;

    /**
     * Brings the bytes from {@code from} to {@code to}, as far as the file has them, into memory without handing them out. Waits for the disk.
     *
     * @param scratch room to read into where the platform has no other way
     */
    default void preload(long from, long to, ByteBuffer scratch) throws IOException {
        long at = from;
        int count = 1;
        while (at < to && count > 0) {
            count = read(scratch.clear().limit((int) Math.min(scratch.capacity(), to - at)), at);
            at += count;
        }
    }

    /** Sends at most {@code count} bytes from {@code position}, without copying where {@code target} allows it; returns how many went out, 0 at the end of the file or when the target takes none. */
    long transferTo(long position, long count, WritableByteChannel target) throws IOException;

    /** Cuts the file to {@code sizeBytes}, at most its size; the next append goes there. */
    void truncate(long sizeBytes) throws IOException;

    /** Makes bytes and size survive a power loss. After a failure their state is unknown, and a later success says nothing: do not retry. */
    void force() throws IOException;

    /** Closes the handle; calls under way may fail. Idempotent. */
    @Override
    void close() throws IOException;
}
