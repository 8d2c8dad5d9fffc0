package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.firn.cold.UploadSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads an {@link UploadSource} and turns what it does wrong into {@link ColdStoreException.SourceFailed}. Blocks as the source does; stateless. */
public final class SourceReading {

    private SourceReading() {}

    /** Fills {@code target} from its position to its limit with the bytes at {@code position}. */
    public static void fill(UploadSource source, long position, ByteBuffer target) {
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
