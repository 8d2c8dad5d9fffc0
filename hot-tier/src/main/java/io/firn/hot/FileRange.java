package io.firn.hot;

import io.firn.hot.log.Located;
import io.firn.hot.log.Prefetcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A range of one segment file that can be sent without copying it through the heap.
 *
 * <p>Reference-counted: it starts with one reference, and the file stays open (even when retention deletes the segment)
 * until the last is released. The bytes start at a batch boundary; the last batch may be cut short.
 *
 * <p>A range whose pages are not in memory may begin a few batches before the one asked for until {@link #prefetch()} has completed: it is not to be sent before. One that is cut off by a truncation
 * after it was found yields fewer bytes than it says.
 *
 * <p>Threading: reads, {@link #retain()} and {@link #release()} may be called from any thread; what {@link #prefetch()} has changed is seen by who waits for it.
 */
public final class FileRange {

    private volatile Located place;
    private final Prefetcher prefetcher;
    private final AtomicInteger references = new AtomicInteger(1);

    /** Takes a reference to the file. */
    FileRange(Located place, Prefetcher prefetcher) {
        this.place = place;
        this.prefetcher = prefetcher;
        place.file().retain();
    }

    /** Number of bytes, at least 1; 0 only after {@link #prefetch()}, when the batch asked for goes beyond the read's limit. */
    public int sizeBytes() {
        return place.sizeBytes();
    }

    /**
     * An exclusive upper bound of the offsets that begin in this range, no higher than the read's limit; used to select aborted transactions.
     */
    public long upperBoundOffset() {
        return place.upperBoundOffset();
    }

    /** Whether the pages are probably in memory, so that sending on the event loop does not wait for the disk, and the range begins where it should; else {@link #prefetch()} comes first. Cheap: no system call. */
    public boolean probablyResident() {
        return place.resident();
    }

    /**
     * Brings the pages into memory on the I/O pool, and lets the range begin at the batch asked for. Completes on that pool; a failure is an {@link IOException}, also when the bytes are not what the
     * index says. Not while the range is read or sliced.
     */
    public CompletableFuture<Void> prefetch() {
        return prefetcher.prefetch(place).thenAccept(exact -> place = exact);
    }

    /** Sends at most {@code count} bytes from {@code position} (relative to the range) with sendfile where the target allows it; returns how many went out. */
    public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
        long most = Math.min(count, place.sizeBytes() - position);
        return most <= 0 ? 0 : place.file().log().transferTo(place.position() + position, most, target);
    }

    /** Reads into {@code target} from {@code position} (relative to the range) until it is full or the range ends; returns the bytes read. Blocks on the disk: not for an event loop. */
    public int read(int position, ByteBuffer target) throws IOException {
        int most = Math.min(target.remaining(), place.sizeBytes() - position);
        if (most <= 0) {
            return 0;
        }
        int limit = target.limit();
        target.limit(target.position() + most);
        try {
            return place.file().log().read(target, (long) place.position() + position);
        } finally {
            target.limit(limit);
        }
    }

    /** A part of this range as a range of its own, with one reference of its own. Of a range that is not {@link #probablyResident()} only after {@link #prefetch()}. */
    public FileRange slice(int position, int sizeBytes) {
        if (position < 0 || sizeBytes < 1 || position > place.sizeBytes() - sizeBytes) {
            throw new IndexOutOfBoundsException("part " + position + " + " + sizeBytes + " of a range of " + place.sizeBytes() + " bytes");
        }
        return new FileRange(place.part(position, sizeBytes), prefetcher);
    }

    public FileRange retain() {
        if (references.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("the range was released already");
        }
        return this;
    }

    public void release() {
        int left = references.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("the range was released too often");
        }
        if (left == 0) {
            place.file().release();
        }
    }
}
