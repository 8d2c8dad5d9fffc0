package io.firn.membership.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A file of a {@link Folder} open for appending; see there for what survives. One thread at a time. */
public interface AppendFile extends Closeable {

    /** Appends everything between position and limit. */
    void append(ByteBuffer bytes) throws IOException;

    /** Cuts the file to its first {@code sizeBytes}. */
    void truncate(long sizeBytes) throws IOException;

    /** Makes the content, as it is now, durable. */
    void force() throws IOException;

    /** Bytes in the file. */
    long sizeBytes();

    /** Closes without forcing. Idempotent. */
    @Override
    void close() throws IOException;
}
