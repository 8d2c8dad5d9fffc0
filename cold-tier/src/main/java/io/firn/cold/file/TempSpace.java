package io.firn.cold.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The place of half-written files: a directory of this process alone, below {@value KeyPaths#TEMP_DIRECTORY}, held by a lock on the file {@code lock} in it.
 *
 * <p><b>On crash</b> the lock goes with the process. Whoever opens the store next takes the lock of each such directory that is free and deletes
 * it, so nothing half-written outlives the next start, and nobody touches the files of a living process, though several may share the store. There is
 * one harmless race: a directory made, but not yet locked, can be swept; its owner then fails to open and says so.
 *
 * <p>Thread-safe.
 */
final class TempSpace implements AutoCloseable {

    private static final String LOCK = "lock";

    private final Path directory;
    private final FileChannel lockChannel;
    private final AtomicLong next = new AtomicLong();

    private TempSpace(Path directory, FileChannel lockChannel) {
        this.directory = directory;
        this.lockChannel = lockChannel;
    }

    static TempSpace open(Path root) throws IOException {
        Path all = Files.createDirectories(root.resolve(KeyPaths.TEMP_DIRECTORY));
        sweep(all);
        Path own = Files.createDirectory(all.resolve(UUID.randomUUID().toString()));
        FileChannel channel = FileChannel.open(own.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        if (channel.tryLock() == null) {
            channel.close();
            throw new IOException("Lost the new directory " + own + " to a sweep; try again");
        }
        return new TempSpace(own, channel);
    }

    /** A name nobody else uses; the file does not exist yet. */
    Path newFile() {
        return directory.resolve(Long.toString(next.getAndIncrement()));
    }

    /** Whether the directory is still where it was made. */
    boolean present() {
        return Files.exists(directory.resolve(LOCK));
    }

    private static void sweep(Path all) throws IOException {
        try (DirectoryStream<Path> owners = Files.newDirectoryStream(all)) {
            for (Path owner : owners) {
                sweepIfDead(owner);
            }
        }
    }

    private static void sweepIfDead(Path owner) throws IOException {
        try (FileChannel channel = FileChannel.open(owner.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock != null) {
                delete(owner);
            }
        } catch (OverlappingFileLockException | NoSuchFileException e) {
            return; // alive in this very process, or swept by another one just now
        }
    }

    private static void delete(Path owner) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(owner)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(owner);
    }

    @Override
    public void close() throws IOException {
        try (lockChannel) {
            delete(directory);
        }
    }
}
