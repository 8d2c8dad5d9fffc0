package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.Optional;

/**
 * Takes the body of one GET into its targets and judges whether it is the whole one.
 *
 * <p>A client that reads the socket itself may have it read into the target, without a copy: it asks for {@link #room}, and has it filled by {@link #read}. What was read so counts for nothing before it has come as a piece, too, the next
 * one, like all others; nothing is copied then.
 *
 * <p><b>Invariants.</b> Targets are written by {@link #accept} and {@link #read} alone, under the lock. A piece was read into its target as a whole or not at all.
 *
 * <p><b>Threading.</b> Body pieces come, and the socket is read, on the client library's thread; the end of the request (time out, close) may come on another one, while a piece is being
 * copied or read. After {@link #close()} has returned nothing is ever written to a target again, because their owner may use them for something else. That is
 * the one thing here that needs a lock; it is never contended but in that moment, and held for one copy or one read of a channel that does not block.
 */
public final class BodyReceiver implements AutoCloseable {

    private final String about;
    private final Optional<Range> range;
    private final ObjectStore.Progress progress;
    private List<ByteBuffer> targets; // guarded by this, with what follows
    private int next;
    private int placed; // bytes that lie in their target, and have not come as a piece yet
    private boolean closed;

    private record Range(long from, long length) {}

    private BodyReceiver(String about, Optional<Range> range, List<ByteBuffer> targets, ObjectStore.Progress progress) {
        this.about = about;
        this.range = range;
        this.progress = progress;
        this.targets = targets;
    }

    /** For exactly as many bytes from {@code from} on as remain in {@code targets}, which are left with their positions. {@code progress} is told of each as soon as it is full. */
    static BodyReceiver ofRange(String about, long from, List<ByteBuffer> targets, ObjectStore.Progress progress) {
        List<ByteBuffer> views = targets.stream().map(ByteBuffer::duplicate).toList();
        long length = views.stream().mapToLong(ByteBuffer::remaining).sum();
        return new BodyReceiver(about, Optional.of(new Range(from, length)), views, progress);
    }

    /** For a whole object of at most {@link ObjectStore#SMALL_OBJECT_LIMIT_BYTES}. */
    static BodyReceiver ofSmall(String about) {
        return new BodyReceiver(about, Optional.empty(), List.of(), full -> {});
    }

    /** The value of the {@code Range} header, if the request needs one. */
    public Optional<String> rangeHeader() {
        return range.map(r -> "bytes=" + r.from() + "-" + (r.from() + r.length() - 1));
    }

    /**
     * The answer's headers are here.
     *
     * @param contentLength bytes of the body; negative if the answer does not say
     * @param contentRange the {@code Content-Range} header, such as {@code bytes 0-9/100}; empty if there is none
     * @throws ColdStoreException the body cannot be what was asked for
     */
    public synchronized void begin(long contentLength, String contentRange) {
        if (range.isPresent()) {
            requireRange(range.get(), contentLength, contentRange);
        } else if (contentLength < 0) {
            throw new ColdStoreException.Unavailable("No length in the answer to " + about, null);
        } else if (contentLength > ObjectStore.SMALL_OBJECT_LIMIT_BYTES) {
            throw new ColdStoreException.Corrupt("Object of " + contentLength + " bytes is not small: " + about, null);
        } else {
            targets = List.of(ByteBuffer.allocate((int) contentLength));
        }
    }

    private void requireRange(Range wanted, long contentLength, String contentRange) {
        if (contentRange.isEmpty() || contentLength > wanted.length()) {
            throw new ColdStoreException.Misconfigured("The store does not honour ranges: " + about, null);
        }
        if (!contentRange.substring(contentRange.indexOf(' ') + 1).startsWith(wanted.from() + "-")) {
            throw new ColdStoreException.Unavailable("Asked for a range from " + wanted.from() + " on, but the answer is " + contentRange + ": " + about, null);
        }
        long end = wanted.from() + wanted.length();
        long total = total(contentRange);
        if (total >= 0 && total < end) {
            throw new ColdStoreException.Corrupt("Range " + wanted.from() + " to " + end + " beyond the end of an object of " + total + " bytes: " + about, null);
        }
    }

    private static long total(String contentRange) {
        String text = contentRange.substring(contentRange.lastIndexOf('/') + 1);
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9') && text.length() < 19 ? Long.parseLong(text) : -1;
    }

    /** Memory for the bytes of the body that come next, at most {@code limit}: a view of a target, to be written by {@link #read} alone. None if they cannot be read there, or the request has ended. */
    public synchronized Optional<ByteBuffer> room(int limit) {
        if (closed || placed > 0) {
            return Optional.empty();
        }
        return targets.subList(next, targets.size()).stream().filter(ByteBuffer::hasRemaining).findFirst()
                .filter(ByteBuffer::isDirect) // the JDK would copy to any other
                .map(target -> target.slice(target.position(), Math.min(limit, target.remaining())));
    }

    /** Reads what comes next of the body into {@code room}, the last one given, with no piece accepted since, and answers as the channel does, which must not block; 0, with nothing read, if the request has ended meanwhile. */
    public synchronized int read(ReadableByteChannel from, ByteBuffer room) throws IOException {
        if (closed) {
            return 0;
        }
        int count = from.read(room);
        placed = Math.max(count, 0);
        return count;
    }

    /** Takes a piece of the body, by a copy unless it has been read into its target; ignores it if the request has ended. */
    public void accept(ByteBuffer piece) {
        int full = take(piece);
        if (full > 0) {
            progress.full(full); // not under the lock: who is told may do more than a comparison
        }
    }

    /** How many targets are full, if this piece has filled any; else 0. */
    private synchronized int take(ByteBuffer piece) {
        if (!closed && placed > 0 && piece.remaining() > placed) {
            throw new IllegalStateException("A piece of " + piece.remaining() + " bytes, of which " + placed + " are in place: " + about);
        }
        boolean inPlace = placed > 0;
        placed -= inPlace ? piece.remaining() : 0;
        int before = next;
        while (!closed && piece.hasRemaining()) {
            if (next == targets.size()) {
                throw new ColdStoreException.Unavailable("Body longer than announced: " + about, null);
            }
            ByteBuffer target = targets.get(next);
            int count = Math.min(target.remaining(), piece.remaining());
            if (inPlace) {
                target.position(target.position() + count);
            } else {
                target.put(piece.slice(piece.position(), count));
            }
            piece.position(piece.position() + count);
            if (!target.hasRemaining()) {
                next++;
            }
        }
        return next > before ? next : 0;
    }

    /** The body has ended; throws {@link ColdStoreException.Unavailable} if it was cut short. */
    public synchronized void end() {
        long lacking = targets.stream().mapToLong(ByteBuffer::remaining).sum();
        if (lacking > 0) {
            throw new ColdStoreException.Unavailable("Body cut short, " + lacking + " bytes are lacking: " + about, null);
        }
    }

    /** Bytes of the whole body; of a small object once {@link #begin} was called. */
    synchronized long sizeBytes() {
        return range.map(Range::length).orElseGet(() -> targets.stream().mapToLong(ByteBuffer::capacity).sum());
    }

    /** The small object, complete. */
    synchronized ByteBuffer small() {
        return targets.get(0).flip().asReadOnlyBuffer();
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
