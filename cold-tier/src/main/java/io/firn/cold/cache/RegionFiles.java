package io.firn.cold.cache;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The port through which the disk cache makes and deletes its files. What is in them is scratch: nothing is forced, and nothing of an earlier process is ever read.
 *
 * <p>Threading: thread-safe; every method may block on the disk. An {@link IOException} from any of them is the end of the cache.
 */
public interface RegionFiles {

    /** Buffers of which address, position and length are multiples of it go past the page cache where the file system lets them. */
    int ALIGNMENT = 4096;

    /** Deletes what an earlier process has left. Once, before anything else. */
    void empty() throws IOException;

    /** Makes the place ready. Once, before the methods below. */
    void open() throws IOException;

    /** A new, empty file, which takes disk space as it is written. */
    Region create() throws IOException;

    /** Free bytes of that disk. */
    long usableBytes() throws IOException;

    /** One file. No two writes of it are of the same bytes, and nothing is read before it was written. */
    interface Region {

        /** Writes all of {@code source}, whose position moves. */
        void write(ByteBuffer source, long position) throws IOException;

        /** Fills {@code target} as far as there are bytes in the file; how many. */
        int read(ByteBuffer target, long position) throws IOException;

        /** Frees its space. Nobody reads or writes it any more. */
        void delete() throws IOException;
    }
}
