package io.firn.cold.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The place of half-written files: a directory of this process alone, below {@value KeyPaths#TEMP_DIRECTORY}, held by a lock on the file {@code lock} in it.
 *
 * <p><b>On crash</b> the lock goes with the process. Whoever opens the store next takes the lock of each such directory that is free and deletes
 * it, so nothing half-written outlives the next start, and nobody touches the files of a living process, though several may share the store.
 *
 * <p>A directory that was made and is not locked yet may be swept by another process that opens the store in that moment. Its owner notices and makes another one; each process that opens takes part in
 * that race once, so {@value #ATTEMPTS} are enough.
 *
 * <p>Thread-safe.
 */
final class TempSpace implements AutoCloseable {

    private static final String LOCK = "lock";
    private static final int ATTEMPTS = 100;

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
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Optional<TempSpace> made = make(all.resolve(UUID.randomUUID().toString()));
            if (made.isPresent()) {
                return made.get();
            }
        }
        throw new IOException("Lost " + ATTEMPTS + " new directories in " + all + " to sweeps of others");
    }

    /** Empty when the directory was swept before it was locked. */
    private static Optional<TempSpace> make(Path own) throws IOException {
        Files.createDirectory(own);
        FileChannel channel;
        try {
            channel = FileChannel.open(own.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (NoSuchFileException swept) {
            return Optional.empty();
        }
        TempSpace space = new TempSpace(own, channel);
        boolean held = false;
        try {
            held = space.hold();
        } finally {
            if (!held) {
                channel.close();
            }
        }
        return held ? Optional.of(space) : Optional.empty();
    }

    /** Takes the lock; false if a sweep has it, or has deleted the file it is on. */
    private boolean hold() throws IOException {
        try {
            return lockChannel.tryLock() != null && present();
        } catch (OverlappingFileLockException sweptByThisProcess) {
            return false;
        }
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
        try (FileChannel channel = FileChannel.open(owner.resolve(LOCK), StandardOpenOption.WRITE); FileLock lock = channel.tryLock()) {
            if (lock != null) {
                delete(owner);
            }
        } catch (OverlappingFileLockException e) {
            return; // alive in this very process
        } catch (NoSuchFileException e) {
            deleteIfEmpty(owner); // nobody had it yet, or nobody has it any more
        }
    }

    private static void deleteIfEmpty(Path owner) throws IOException {
        try {
            Files.deleteIfExists(owner);
        } catch (DirectoryNotEmptyException taken) {
            return; // just now
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
