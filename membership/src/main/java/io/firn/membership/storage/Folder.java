package io.firn.membership.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The port to one flat directory of small files that belongs to one process alone.
 *
 * <p><b>What survives a power loss</b> is only this; everything else may or may not, in any order and part:
 * <ul>
 *   <li>the content of a file up to its last {@link AppendFile#force()},
 *   <li>names (created, renamed, deleted) as of the last {@link #force()} of the folder.
 * </ul>
 * A new name is not durable because its content is: force both. A killed process loses nothing.
 *
 * <p>After an {@link IOException} the state of what was touched is unknown; callers stop and never retry a force.
 *
 * <p>Threading: one thread at a time. Every call blocks on the disk.
 */
public interface Folder extends AutoCloseable {

    /** Suffix of files that are still being written; whoever opens a folder may delete them. */
    String TEMPORARY = ".tmp";

    Set<String> names() throws IOException;

    /** The whole content. @throws java.nio.file.NoSuchFileException if there is no such file */
    byte[] read(String name) throws IOException;

    /** Opens a file for appending at its end; creates it if there is none. */
    AppendFile append(String name) throws IOException;

    /** Gives a file another name, atomically replacing what had that name. */
    void rename(String from, String to) throws IOException;

    /** Deletes a file; without effect when there is none. */
    void delete(String name) throws IOException;

    /** Makes the names durable. */
    void force() throws IOException;

    /** Bytes that can still be written, as far as the file system tells; others may take them meanwhile. */
    long usableBytes() throws IOException;

    /** Gives the folder free for another process. Idempotent. */
    @Override
    void close();

    /** Gives the file exactly this content, durably: after a crash it has either its whole old content (or did not exist) or its whole new one. */
    default void replace(String name, byte[] content) throws IOException {
        String temporary = name + TEMPORARY;
        delete(temporary);
        try (AppendFile file = append(temporary)) {
            file.append(ByteBuffer.wrap(content));
            file.force();
        }
        rename(temporary, name);
        force();
    }
}
