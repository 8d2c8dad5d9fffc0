package io.firn.hot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;

/**
 * A range of one segment file that can be sent without copying it through the heap.
 *
 * <p>Reference-counted: it starts with one reference, and the file stays open (even when retention deletes the segment)
 * until the last is released. The bytes start at a batch boundary; the last batch may be cut short.
 *
 * <p>Threading: reads, {@link #retain()} and {@link #release()} may be called from any thread.
 */
public final class FileRange {

    private FileRange() {}

    /** Number of bytes, at least 1. */
    public int sizeBytes() {
        throw new UnsupportedOperationException();
    }

    /** Base offset of the first batch: at most the offset asked for. */
    public long baseOffset() {
        throw new UnsupportedOperationException();
    }

    /**
     * An exclusive upper bound of the offsets that begin in this range, no higher than the read's limit; used to select aborted transactions.
     */
    public long upperBoundOffset() {
        throw new UnsupportedOperationException();
    }

    /** Whether the pages are probably in memory, so that sending on the event loop does not wait for the disk. A hint, cheap: no system call for the active segment's tail. */
    public boolean probablyResident() {
        throw new UnsupportedOperationException();
    }

    /** Brings the pages into memory on the I/O pool. Completes on that pool; a failure is an {@link IOException}. */
    public CompletableFuture<Void> prefetch() {
        throw new UnsupportedOperationException();
    }

    /** Sends at most {@code count} bytes from {@code position} (relative to the range) with sendfile where the target allows it; returns how many went out. */
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Reads into {@code target} from {@code position} (relative to the range) until it is full or the range ends; returns the bytes read. Blocks on the disk: not for an event loop. */
    public int read(int position, ByteBuffer target) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** A part of this range as a range of its own, with one reference of its own. */
    public FileRange slice(int position, int sizeBytes) {
        throw new UnsupportedOperationException();
    }

    public FileRange retain() {
        throw new UnsupportedOperationException();
    }

    public void release() {
        throw new UnsupportedOperationException();
    }
}
