package io.firn.hot;

import java.nio.ByteBuffer;

/**
 * A run of bytes that lies in one or more buffers, as it came from the socket, read and patched in place.
 *
 * <p>Indexes are relative to the first byte of the run, whatever buffer they fall in. Values are big-endian, as on the wire.
 * The buffers are borrowed: whoever made them keeps them valid until the call they were handed to has returned (or, for a
 * queued append, until its result is known).
 *
 * <p>Threading: confined to one thread at a time.
 */
public final class RecordBuffers {

    private RecordBuffers() {}

    /** Views the remaining bytes of {@code buffers}; their positions and limits are not changed. */
    public static RecordBuffers of(ByteBuffer... buffers) {
        throw new UnsupportedOperationException();
    }

    public int sizeBytes() {
        throw new UnsupportedOperationException();
    }

    public byte byteAt(int index) {
        throw new UnsupportedOperationException();
    }

    public short shortAt(int index) {
        throw new UnsupportedOperationException();
    }

    public int intAt(int index) {
        throw new UnsupportedOperationException();
    }

    public long longAt(int index) {
        throw new UnsupportedOperationException();
    }

    public void putByte(int index, byte value) {
        throw new UnsupportedOperationException();
    }

    public void putInt(int index, int value) {
        throw new UnsupportedOperationException();
    }

    public void putLong(int index, long value) {
        throw new UnsupportedOperationException();
    }

    /** CRC32C of the bytes from {@code from} (inclusive) to {@code to} (exclusive). */
    public int crc32c(int from, int to) {
        throw new UnsupportedOperationException();
    }

    /** A view of part of this run, over the same bytes. */
    public RecordBuffers slice(int from, int to) {
        throw new UnsupportedOperationException();
    }

    /** Fresh duplicates of the buffers, positioned at the run's bytes, for a gathering write. */
    public ByteBuffer[] nioBuffers() {
        throw new UnsupportedOperationException();
    }
}
