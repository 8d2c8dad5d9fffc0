package io.firn.hot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The port to the file system: everything the hot tier asks of it, and no more.
 *
 * <p><b>What survives.</b> A kill of the process loses nothing that a call here has returned from. A power loss keeps
 * <ul>
 *   <li>a file's bytes and size as of the last {@link DiskFile#force()} that returned; of later appends and truncations any
 *       part, in any order, may or may not be there, and bytes in between may be zero;
 *   <li>a directory's names (creations, renames and deletions of what lies directly in it) as of the last
 *       {@link #forceDirectory} that returned; each later change of a name is there wholly or not at all, in any order.
 * </ul>
 * A file's bytes and its name are therefore two things: new data is safe after the force of the file <em>and</em> of its directory.
 *
 * <p><b>Failures.</b> Every method may throw {@link IOException}; the operation then has an unknown effect on what it was named
 * for and none on anything else. A full disk or quota is a {@link DiskFullException}; a missing file or directory is a
 * {@link java.nio.file.NoSuchFileException}; one that is there already a {@link java.nio.file.FileAlreadyExistsException}.
 *
 * <p>Threading: thread-safe. Every method may wait for the disk: none may be called on an event loop.
 */
public interface Disk {

    /** Creates a directory and those above it; one that exists already is fine. */
    void createDirectories(Path directory) throws IOException;

    /** Names of what lies directly in {@code directory}, sorted. */
    List<String> list(Path directory) throws IOException;

    boolean exists(Path path) throws IOException;

    /** Creates an empty file and opens it. */
    DiskFile create(Path file) throws IOException;

    /** Opens an existing file for reading and appending. */
    DiskFile open(Path file) throws IOException;

    /** Renames atomically within one directory tree; an existing file at {@code to} is replaced, an existing directory is an error. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file or an empty directory. An open file stays readable through its handle. */
    void delete(Path path) throws IOException;

    /** Makes the names in {@code directory} survive a power loss. */
    void forceDirectory(Path directory) throws IOException;

    /** Time of the file's last append or truncation, Unix milliseconds. */
    long lastModifiedMs(Path file) throws IOException;

    /** Bytes this process may still write to the file system that holds {@code path}. */
    long usableBytes(Path path) throws IOException;

    /** Size of the file system that holds {@code path}. */
    long totalBytes(Path path) throws IOException;

    /** Takes the exclusive lock that {@code file} stands for, creating it if need be; empty when somebody holds it. Released by close, or by the end of the process. */
    Optional<Closeable> lock(Path file) throws IOException;
}
