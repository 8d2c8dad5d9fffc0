package io.firn.cold;

import java.nio.ByteBuffer;

/**
 * Bytes of record batches from the cold tier, in cache chunks that stay valid until {@link #release()}.
 *
 * <p>The bytes start at a batch boundary; the last batch may be cut short. Threading: safe to hand over; release from any thread, exactly once.
 */
public final class ColdRead {

    private ColdRead() {}

    public int sizeBytes() {
        throw new UnsupportedOperationException();
    }

    /** Base offset of the first batch: at most the offset asked for. */
    public long baseOffset() {
        throw new UnsupportedOperationException();
    }

    /** Exclusive upper bound of the offsets that begin in these bytes (the segment's end at most); used to select aborted transactions. */
    public long upperBoundOffset() {
        throw new UnsupportedOperationException();
    }

    /** Read-only direct views of the bytes, in order. */
    public ByteBuffer[] buffers() {
        throw new UnsupportedOperationException();
    }

    public void release() {
        throw new UnsupportedOperationException();
    }
}
