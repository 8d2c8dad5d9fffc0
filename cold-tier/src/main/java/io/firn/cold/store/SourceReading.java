package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.UploadSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads an {@link UploadSource} and turns what it does wrong into {@link ColdStoreException.SourceFailed}. Blocks as the source does; stateless. */
public final class SourceReading {

    /** Read at once. For a heap buffer the JDK keeps a direct one of this size a thread; a multiple of the usual chunks, so that a source that has their checksums still compares whole ones. */
    public static final int READ_BYTES = 4 << 20;

    private SourceReading() {}

    /** Fills {@code target} from its position to its limit with the bytes at {@code position}. */
    public static void fill(UploadSource source, long position, ByteBuffer target) {
        int end = target.limit();
        long shift = position - target.position();
        while (target.position() < end) {
            target.limit(Math.min(end, target.position() + READ_BYTES));
            read(source, shift + target.position(), target);
        }
    }

    private static void read(UploadSource source, long position, ByteBuffer target) {
        try {
            source.read(position, target);
        } catch (IOException | RuntimeException e) {
            throw new ColdStoreException.SourceFailed("Cannot read the bytes to be stored at " + position + ": " + e, e);
        }
        if (target.hasRemaining()) {
            throw new ColdStoreException.SourceFailed("The source left " + target.remaining() + " bytes unfilled, read at " + position, null);
        }
    }
}
