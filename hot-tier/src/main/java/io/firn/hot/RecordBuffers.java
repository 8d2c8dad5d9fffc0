package io.firn.hot;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * A run of bytes that lies in one or more buffers, as it came from the socket, read and patched in place.
 *
 * <p>Indexes are relative to the first byte of the run, whatever buffer they fall in. Values are big-endian, as on the wire.
 * The buffers are borrowed: whoever made them keeps them valid until the call they were handed to has returned (or, for a
 * queued append, until its result is known).
 *
 * <p>The buffer of the last access is remembered, so that reading a header field by field looks a buffer up once. Reads,
 * writes and checksums allocate nothing.
 *
 * <p><i>Invariant</i>: between calls every slice has position 0 and its capacity as limit.
 *
 * <p>Threading: confined to one thread at a time (reads too: they move the cursor).
 */
public final class RecordBuffers {

    /** Own slices of the borrowed buffers, none of them empty. */
    private final ByteBuffer[] slices;

    /** Index of the first byte of each slice, and the total size as the last element. */
    private final int[] starts;

    private final CRC32C crc = new CRC32C();

    /** The slice of the last access, and the half-open range of indexes it holds. */
    private ByteBuffer current;
    private int currentFrom;
    private int currentTo;

    private RecordBuffers(ByteBuffer[] slices) {
        this.slices = slices;
        this.starts = new int[slices.length + 1];
        for (int i = 0; i < slices.length; i++) {
            starts[i + 1] = Math.addExact(starts[i], slices[i].capacity());
        }
        if (slices.length > 0) {
            moveTo(0);
        }
    }

    /**
     * Views the remaining bytes of {@code buffers}; their positions and limits are not changed.
     *
     * @throws ArithmeticException when they hold more than 2^31-1 bytes together
     */
    public static RecordBuffers of(ByteBuffer... buffers) {
        int used = 0;
        for (ByteBuffer buffer : buffers) {
            used += buffer.hasRemaining() ? 1 : 0;
        }
        ByteBuffer[] slices = new ByteBuffer[used];
        int next = 0;
        for (ByteBuffer buffer : buffers) {
            if (buffer.hasRemaining()) {
                slices[next++] = buffer.slice();
            }
        }
        return new RecordBuffers(slices);
    }

    public int sizeBytes() {
        return starts[slices.length];
    }

    /** @throws IndexOutOfBoundsException when the value does not lie wholly inside, as for every accessor here */
    public byte byteAt(int index) {
        seek(index);
        return current.get(index - currentFrom);
    }

    public short shortAt(int index) {
        return holds(index, Short.BYTES) ? current.getShort(index - currentFrom) : (short) gather(index, Short.BYTES);
    }

    public int intAt(int index) {
        return holds(index, Integer.BYTES) ? current.getInt(index - currentFrom) : (int) gather(index, Integer.BYTES);
    }

    public long longAt(int index) {
        return holds(index, Long.BYTES) ? current.getLong(index - currentFrom) : gather(index, Long.BYTES);
    }

    public void putByte(int index, byte value) {
        seek(index);
        current.put(index - currentFrom, value);
    }

    public void putShort(int index, short value) {
        if (holds(index, Short.BYTES)) {
            current.putShort(index - currentFrom, value);
        } else {
            scatter(index, Short.BYTES, value);
        }
    }

    public void putInt(int index, int value) {
        if (holds(index, Integer.BYTES)) {
            current.putInt(index - currentFrom, value);
        } else {
            scatter(index, Integer.BYTES, value);
        }
    }

    public void putLong(int index, long value) {
        if (holds(index, Long.BYTES)) {
            current.putLong(index - currentFrom, value);
        } else {
            scatter(index, Long.BYTES, value);
        }
    }

    /** CRC32C of the bytes from {@code from} (inclusive) to {@code to} (exclusive). */
    public int crc32c(int from, int to) {
        Objects.checkFromToIndex(from, to, sizeBytes());
        crc.reset();
        for (int index = from; index < to; index = currentTo) {
            seek(index);
            current.limit(Math.min(to, currentTo) - currentFrom).position(index - currentFrom);
            crc.update(current);
            current.clear();
        }
        return (int) crc.getValue();
    }

    /** A view of part of this run, over the same bytes. */
    public RecordBuffers slice(int from, int to) {
        Objects.checkFromToIndex(from, to, sizeBytes());
        if (from == to) {
            return of();
        }
        int first = sliceOf(from);
        int last = sliceOf(to - 1);
        ByteBuffer[] part = new ByteBuffer[last - first + 1];
        for (int i = first; i <= last; i++) {
            int start = Math.max(from, starts[i]) - starts[i];
            int end = Math.min(to, starts[i + 1]) - starts[i];
            part[i - first] = slices[i].slice(start, end - start);
        }
        return new RecordBuffers(part);
    }

    /** Fresh duplicates of the buffers, positioned at the run's bytes, for a gathering write. */
    public ByteBuffer[] nioBuffers() {
        ByteBuffer[] duplicates = new ByteBuffer[slices.length];
        for (int i = 0; i < slices.length; i++) {
            duplicates[i] = slices[i].duplicate();
        }
        return duplicates;
    }

    /** Whether the {@code width} bytes at {@code index} lie in one slice, which is then the current one. */
    private boolean holds(int index, int width) {
        if (index >= currentFrom && index <= currentTo - width) {
            return true;
        }
        Objects.checkFromIndexSize(index, width, sizeBytes());
        seek(index);
        return index <= currentTo - width;
    }

    private long gather(int index, int width) {
        long value = 0;
        for (int i = 0; i < width; i++) {
            value = value << Byte.SIZE | byteAt(index + i) & 0xFF;
        }
        return value;
    }

    private void scatter(int index, int width, long value) {
        for (int i = 0; i < width; i++) {
            putByte(index + i, (byte) (value >>> Byte.SIZE * (width - 1 - i)));
        }
    }

    private void seek(int index) {
        if (index < currentFrom || index >= currentTo) {
            moveTo(sliceOf(Objects.checkIndex(index, sizeBytes())));
        }
    }

    private void moveTo(int slice) {
        current = slices[slice];
        currentFrom = starts[slice];
        currentTo = starts[slice + 1];
    }

    /** Number of the slice that holds {@code index}, which is inside. */
    private int sliceOf(int index) {
        int low = 0;
        int high = slices.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (starts[middle] <= index) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
}
