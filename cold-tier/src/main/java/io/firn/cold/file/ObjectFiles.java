package io.firn.cold.file;

import io.firn.cold.ColdStoreException;
import io.firn.cold.StoredObject;
import io.firn.cold.UploadSource;
import io.firn.cold.store.SourceReading;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The files of {@link FileObjectStore}, blocking: look up, create, replace, delete; changes are forced before they return. See there for the crash points.
 *
 * <p>Thread-safe without locks: every step that decides something (link, rename, unlink, rmdir) is atomic in the file system. A delete removes the
 * directories it leaves empty; a write that loses its directory to that makes it again, at most {@value #DIRECTORY_ATTEMPTS} times.
 */
final class ObjectFiles {

    /** Bytes copied from a source at once; one heap buffer of this size per running upload. */
    private static final int COPY_BYTES = FileObjectStore.THREAD_BYTES;

    private static final int DIRECTORY_ATTEMPTS = 100;

    /** Directories remembered as forced; above it all are forgotten, which only costs forcing them again. */
    private static final int FORCED_LIMIT = 10_000;

    private final Path root;
    private final BooleanSupplier present;
    private final Supplier<Path> newFile;

    /** Directories whose own names are known to be on disk; a directory another thread has just made is not, though it is there. */
    private final Set<Path> forced = ConcurrentHashMap.newKeySet();

    /**
     * @param present whether the root is still the one that was opened
     * @param newFile names of temporary files
     */
    ObjectFiles(Path root, BooleanSupplier present, Supplier<Path> newFile) {
        this.root = root;
        this.present = present;
        this.newFile = newFile;
    }

    /** What is known of the object; empty if there is none, also where its path leads through a file. */
    Optional<BasicFileAttributes> attributes(String key) throws IOException {
        Path path = KeyPaths.path(root, key);
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class)).filter(BasicFileAttributes::isRegularFile);
        } catch (NoSuchFileException e) {
            requireRoot();
            return Optional.empty();
        } catch (AccessDeniedException e) {
            throw e;
        } catch (FileSystemException e) {
            if (leadsThroughFile(path)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Tells an empty store from one whose directory was unmounted, moved or removed under us. */
    void requireRoot() {
        if (!present.getAsBoolean()) {
            throw new ColdStoreException.Unavailable("The directory " + root + " is not the one that was opened any more", null);
        }
    }

    private boolean leadsThroughFile(Path path) {
        for (Path current = path.getParent(); !current.equals(root); current = current.getParent()) {
            if (Files.isRegularFile(current)) {
                return true;
            }
        }
        return false;
    }

    /** Creates {@code key} if it is absent; false if it was there. */
    boolean create(String key, UploadSource source) throws IOException {
        Path target = KeyPaths.path(root, key);
        Path written = write(source);
        try {
            return placing(key, target, () -> Files.createLink(target, written));
        } catch (UnsupportedOperationException e) {
            throw new ColdStoreException.Misconfigured("The file system of " + root + " has no hard links", e);
        } finally {
            Files.deleteIfExists(written);
        }
    }

    /** Creates or replaces {@code key}. */
    StoredObject replace(String key, UploadSource source) throws IOException {
        Path target = KeyPaths.path(root, key);
        Path written = write(source);
        try {
            long modifiedAtMs = Files.getLastModifiedTime(written).toMillis();
            placing(key, target, () -> Files.move(written, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING));
            return new StoredObject(key, source.sizeBytes(), modifiedAtMs);
        } finally {
            Files.deleteIfExists(written);
        }
    }

    Void delete(List<String> keys) throws IOException {
        Set<Path> parents = new LinkedHashSet<>();
        for (String key : keys) {
            Path path = KeyPaths.path(root, key);
            if (!Files.isDirectory(path) && Files.deleteIfExists(path)) {
                parents.add(path.getParent());
            }
        }
        for (Path parent : parents) {
            forceNearest(pruned(parent));
        }
        return null;
    }

    /** Forces {@code directory}, or the nearest ancestor that another delete has left. */
    private void forceNearest(Path directory) throws IOException {
        for (Path current = directory; ; current = current.getParent()) {
            try {
                force(current);
                return;
            } catch (NoSuchFileException e) {
                if (current.equals(root)) {
                    throw e;
                }
            }
        }
    }

    /** Removes {@code directory} and its ancestors as far as they are empty; returns the nearest one that stays. */
    private Path pruned(Path directory) throws IOException {
        Path current = directory;
        while (!current.equals(root)) {
            forced.remove(current);
            try {
                Files.deleteIfExists(current);
            } catch (DirectoryNotEmptyException e) {
                return current;
            }
            current = current.getParent();
        }
        return root;
    }

    private Path write(UploadSource source) throws IOException {
        Path file = newFile.get();
        boolean complete = false;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            copy(source, channel);
            channel.force(true);
            complete = true;
            return file;
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void copy(UploadSource source, FileChannel channel) throws IOException {
        long size = source.sizeBytes();
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(size, COPY_BYTES));
        for (long position = 0; position < size; position += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), size - position));
            SourceReading.fill(source, position, buffer);
            buffer.flip();
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }

    private interface Placement {
        void run() throws IOException;
    }

    /** Gives a forced file its name and forces the name; false if the name is taken. */
    private boolean placing(String key, Path target, Placement placement) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                makeDirectories(target.getParent());
                boolean placed = place(key, target, placement);
                forceName(key, target.getParent());
                return placed;
            } catch (NoSuchFileException e) {
                forgetForced(target.getParent());
                if (attempt == DIRECTORY_ATTEMPTS) {
                    throw new ColdStoreException.Unavailable("Directory keeps vanishing: " + target.getParent(), e);
                }
            }
        }
    }

    private static boolean place(String key, Path target, Placement placement) throws IOException {
        if (Files.isDirectory(target)) {
            throw new ColdStoreException.Misconfigured("Other keys have the path of this one as their beginning: " + key, null);
        }
        try {
            placement.run();
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (NoSuchFileException e) {
            throw e;
        } catch (IOException e) {
            throw new ColdStoreException.Uncertain("Failed while naming " + key + ": " + e, e);
        }
    }

    private static void forceName(String key, Path directory) {
        try {
            force(directory);
        } catch (NoSuchFileException e) {
            return; // it was there, and another request has deleted it since, with its directory
        } catch (IOException e) {
            throw new ColdStoreException.Uncertain("Failed to force the name of " + key + ": " + e, e);
        }
    }

    /** Makes what is missing of {@code directory}; on return its name and those of its ancestors have been forced. {@link NoSuchFileException}: some of it was pruned meanwhile. */
    private void makeDirectories(Path directory) throws IOException {
        if (directory.equals(root) || forced.contains(directory)) {
            return;
        }
        makeDirectories(directory.getParent());
        makeDirectory(directory);
        force(directory.getParent());
        if (forced.size() >= FORCED_LIMIT) {
            forced.clear();
        }
        forced.add(directory);
    }

    private static void makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            if (Files.isRegularFile(directory)) {
                throw e;
            } // else it is there, or was pruned since: then the placement fails and comes back
        }
    }

    private void forgetForced(Path directory) {
        for (Path current = directory; !current.equals(root); current = current.getParent()) {
            forced.remove(current);
        }
    }

    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
