package io.firn.gateway.share;

import io.firn.cold.ColdRead;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.FileRange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The batches in some bytes of a log, by their headers alone.
 *
 * <p>Threading: immutable. {@link #of(FileRange, long, long)} reads the file: on an event loop only where its pages are in memory.
 */
final class BatchWalk {
    /** Up to the producer id of a batch of magic 2, and a little more. */
    private static final int HEADER_BYTES = 61;
    private static final int LENGTH_AT = 8;
    private static final int LENGTH_END = 12;
    private static final int ATTRIBUTES_AT = 21;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int PRODUCER_ID_AT = 43;
    private static final int TRANSACTIONAL = 0x10;
    private static final int CONTROL = 0x20;

    /** Holds the headers of many small batches; one a thread. */
    private static final ThreadLocal<ByteBuffer> WINDOW = ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(8 << 10));

    private final List<Found> batches;

    /** A batch at {@code position} of the bytes. */
    record Found(LogBatch offsets, int position, int sizeBytes, long producerId, boolean transactional) {
        int end() {
            return position + sizeBytes;
        }

        boolean abortedIn(List<AbortedTransaction> aborted) {
            return transactional && aborted.stream().anyMatch(one -> one.producerId() == producerId && one.firstOffset() <= offsets.first() && offsets.first() < one.lastOffset());
        }
    }

    /** Bytes that can be read from any position; fewer than asked for at the end only. */
    @FunctionalInterface
    private interface Source {
        void read(int position, ByteBuffer target) throws IOException;
    }

    private BatchWalk(List<Found> batches) {
        this.batches = List.copyOf(batches);
    }

    /** The whole batches from the one with offset {@code from} on that begin below {@code before}. */
    static BatchWalk of(FileRange range, long from, long before) throws IOException {
        return walk(range::read, range.sizeBytes(), from, before);
    }

    static BatchWalk of(ColdRead read, long from, long before) throws IOException {
        ByteBuffer[] buffers = read.buffers();
        return walk((position, target) -> copy(buffers, position, target), read.sizeBytes(), from, before);
    }

    private static void copy(ByteBuffer[] buffers, int position, ByteBuffer target) {
        int skip = position;
        for (ByteBuffer buffer : buffers) {
            if (skip >= buffer.remaining()) {
                skip -= buffer.remaining();
                continue;
            }
            int most = Math.min(target.remaining(), buffer.remaining() - skip);
            target.put(buffer.duplicate().position(buffer.position() + skip).limit(buffer.position() + skip + most));
            skip = 0;
            if (!target.hasRemaining()) {
                return;
            }
        }
    }

    private static BatchWalk walk(Source source, int sizeBytes, long from, long before) throws IOException {
        List<Found> found = new ArrayList<>();
        ByteBuffer window = WINDOW.get().clear().limit(0);
        int windowAt = 0;
        int position = 0;
        while (position + HEADER_BYTES <= sizeBytes) {
            if (position + HEADER_BYTES > windowAt + window.limit()) {
                source.read(position, window.clear());
                window.flip();
                windowAt = position;
                if (window.limit() < HEADER_BYTES) {
                    break; // the file was cut meanwhile
                }
            }
            Found batch = header(window, position - windowAt, position);
            if (batch.end() > sizeBytes || batch.offsets().first() >= before) {
                break;
            }
            if (batch.offsets().end() > from) {
                found.add(batch);
            }
            position = batch.end();
        }
        return new BatchWalk(found);
    }

    private static Found header(ByteBuffer window, int at, int position) throws IOException {
        long first = window.getLong(at);
        int size = LENGTH_END + window.getInt(at + LENGTH_AT);
        int lastDelta = window.getInt(at + LAST_OFFSET_DELTA_AT);
        if (first < 0 || size < HEADER_BYTES || lastDelta < 0) {
            throw new IOException("no record batch at position " + position + ": offset " + first + ", size " + size + ", last delta " + lastDelta);
        }
        short attributes = window.getShort(at + ATTRIBUTES_AT);
        boolean transactional = (attributes & TRANSACTIONAL) != 0 && (attributes & CONTROL) == 0;
        return new Found(new LogBatch(first, first + lastDelta + 1), position, size, window.getLong(at + PRODUCER_ID_AT), transactional);
    }

    List<LogBatch> offsets() {
        return batches.stream().map(Found::offsets).toList();
    }

    List<LogBatch> abortedIn(List<AbortedTransaction> aborted) {
        return aborted.isEmpty() ? List.of() : batches.stream().filter(batch -> batch.abortedIn(aborted)).map(Found::offsets).toList();
    }

    /** A part of the bytes. */
    record Part(int position, int sizeBytes) {}

    /** The bytes of the batches that hold offsets from {@code first} to before {@code end}. */
    Part part(long first, long end) {
        int from = -1;
        int to = 0;
        for (Found batch : batches) {
            if (batch.offsets().end() > first && batch.offsets().first() < end) {
                from = from < 0 ? batch.position() : from;
                to = batch.end();
            }
        }
        return new Part(Math.max(0, from), to - Math.max(0, from));
    }
}
