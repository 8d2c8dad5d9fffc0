package io.firn.membership.storage;

import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of the local file system, held by an exclusive lock on its file {@code lock} from opening to {@link #close()}.
 *
 * <p>The operating system drops the lock with the process, so a killed broker leaves nothing to clean up. It also drops it when the process closes any other
 * descriptor of that file, so a second opening within this process must not even touch it: {@link #OPEN} keeps it away.
 *
 * <p>Confined to one thread at a time.
 */
public final class FileFolder implements Folder {

    private static final Logger LOGGER = LoggerFactory.getLogger(FileFolder.class);
    /** Its name among the files. */
    public static final String LOCK = "lock";

    /** Directories open in this process, by their real paths; as many as there are brokers in it. */
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel lockChannel;
    private final FileChannel directoryChannel;

    private FileFolder(Path directory, FileChannel lockChannel, FileChannel directoryChannel) {
        this.directory = directory;
        this.lockChannel = lockChannel;
        this.directoryChannel = directoryChannel;
    }

    /**
     * Opens the directory, creating it (durably, with its parents) if need be.
     *
     * @throws MetadataOpenFailed {@code IN_USE} if it is open already, in this process or another
     */
    public static FileFolder open(Path directory) throws IOException {
        create(directory.toAbsolutePath());
        Path real = directory.toRealPath();
        if (!OPEN.add(real)) {
            throw inUse(real);
        }
        try {
            return openLocked(real);
        } catch (IOException | MetadataOpenFailed e) {
            OPEN.remove(real);
            throw e;
        }
    }

    private static FileFolder openLocked(Path directory) throws IOException {
        FileChannel lock = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (lock.tryLock() == null) {
                throw inUse(directory);
            }
            return new FileFolder(directory, lock, FileChannel.open(directory, StandardOpenOption.READ));
        } catch (IOException | MetadataOpenFailed e) {
            lock.close();
            throw e;
        }
    }

    private static MetadataOpenFailed inUse(Path directory) {
        return new MetadataOpenFailed(Reason.IN_USE, "another broker is running on " + directory + "; stop it, or give this one its own directory");
    }

    private static void create(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.getParent();
        if (parent == null) {
            throw new IOException("not a directory: " + directory);
        }
        create(parent);
        Files.createDirectories(directory);
        try (FileChannel channel = FileChannel.open(parent, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public Set<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> !name.equals(LOCK)).collect(Collectors.toSet());
        }
    }

    @Override
    public byte[] read(String name) throws IOException {
        return Files.readAllBytes(directory.resolve(name));
    }

    @Override
    public AppendFile append(String name) throws IOException {
        return new ChannelFile(FileChannel.open(directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(directory.resolve(from), directory.resolve(to), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
    }

    @Override
    public void force() throws IOException {
        directoryChannel.force(true);
    }

    @Override
    public long usableBytes() {
        return directory.toFile().getUsableSpace(); // FileStore wants a mount point that is listed, which a chroot may not have
    }

    @Override
    public void close() {
        if (!lockChannel.isOpen()) {
            return;
        }
        try (directoryChannel; lockChannel) {
            LOGGER.atDebug().addKeyValue("directory", directory).log("Metadata directory closed");
        } catch (IOException e) {
            LOGGER.atWarn().addKeyValue("directory", directory).setCause(e).log("Metadata directory did not close cleanly");
        } finally {
            OPEN.remove(directory);
        }
    }

    /** An open file; appends at its own end, which no one else moves. */
    private static final class ChannelFile implements AppendFile {
        private final FileChannel channel;
        private long sizeBytes;

        ChannelFile(FileChannel channel) throws IOException {
            this.channel = channel;
            this.sizeBytes = channel.size();
        }

        @Override
        public void append(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                sizeBytes += channel.write(bytes, sizeBytes);
            }
        }

        @Override
        public void truncate(long size) throws IOException {
            channel.truncate(size);
            sizeBytes = size;
        }

        @Override
        public void force() throws IOException {
            channel.force(true);
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
