package io.firn.cold;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of an object to be uploaded, read by position. They must not change, nor their number, until the upload's future completes.
 *
 * <p>Threading: {@link #read} may block; it is called on the store's upload threads, from several at once for different ranges, and again for a range that
 * has to be sent anew. It is never called after the upload's future has completed.
 */
public interface UploadSource {

    /** Exact number of bytes, ≥ 0. */
    long sizeBytes();

    /**
     * Fills {@code target} from its position to its limit with the bytes at {@code position}; the range lies within {@link #sizeBytes()}.
     *
     * @throws IOException the upload fails with {@link ColdStoreException.SourceFailed}
     */
    void read(long position, ByteBuffer target) throws IOException;

    /** Bytes in memory, position to limit; not to be changed while the upload runs. */
    static UploadSource of(ByteBuffer bytes) {
        ByteBuffer view = bytes.asReadOnlyBuffer().slice();
        return new UploadSource() {
            @Override
            public long sizeBytes() {
                return view.capacity();
            }

            @Override
            public void read(long position, ByteBuffer target) {
                target.put(view.slice(Math.toIntExact(position), target.remaining()));
            }
        };
    }
}
