package io.firn.gateway.cluster;

import io.firn.gateway.StartupException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;

/**
 * The data directory of a broker in a cluster: held by one process at a time, and known by an id that is made with it. The id is what tells the controller whether a broker that comes back still has what it had.
 *
 * <pre>
 *   lock           held while a process has the directory
 *   directory.id   the id, 22 characters and a line end
 *   cluster.id     the cluster's id, once it is known
 *   hot/ metadata/ cp/   what must be there together: if one of them is missing beside an id, somebody took it away, and the start is refused
 * </pre>
 *
 * <p><b>On crash</b> in the middle of making it: without an id it is made anew.
 *
 * <p>Threading: one thread; blocks on the disk.
 */
public final class DataDirectory implements AutoCloseable {

    private static final String LOCK = "lock";
    private static final String ID = "directory.id";
    private static final String CLUSTER = "cluster.id";

    private final Path directory;
    private final FileChannel lock;
    private final Uuid id;

    private DataDirectory(Path directory, FileChannel lock, Uuid id) {
        this.directory = directory;
        this.lock = lock;
        this.id = id;
    }

    /** Whether it belongs to a broker of a cluster. */
    public static boolean ofCluster(Path directory) {
        return Files.exists(directory.resolve(ID));
    }

    /**
     * Takes the directory, and gives it an id if it has none.
     *
     * @param parts directories in it that are lost only together
     * @throws StartupException when another process has it, a part is missing, or there is no id but something in a part
     */
    public static DataDirectory open(Path directory, List<Path> parts) {
        try {
            FileChannel lock = locked(directory);
            try {
                return new DataDirectory(directory, lock, id(directory, parts));
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw new StartupException("the data directory " + directory + " cannot be used (data.dir): " + e, e);
        }
    }

    private static FileChannel locked(Path directory) throws IOException {
        FileChannel lock = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean held = false;
        try {
            held = lock.tryLock() != null;
        } catch (OverlappingFileLockException inThisProcess) {
            held = false;
        } finally {
            if (!held) {
                lock.close();
            }
        }
        if (!held) {
            throw new StartupException("another broker is using the data directory " + directory + " (data.dir)");
        }
        return lock;
    }

    private static Uuid id(Path directory, List<Path> parts) throws IOException {
        Path file = directory.resolve(ID);
        if (!Files.exists(file)) {
            return make(file, parts);
        }
        for (Path part : parts) {
            if (!Files.isDirectory(part)) {
                throw new StartupException(part + " is missing, but " + file + " is there: put it back, or delete all of " + directory + " so that the others know that this broker has lost everything");
            }
        }
        try {
            return Uuid.fromString(Files.readString(file).strip());
        } catch (IllegalArgumentException e) {
            throw new StartupException(file + " holds no id: put it back, or delete all of " + directory, e);
        }
    }

    private static Uuid make(Path file, List<Path> parts) throws IOException {
        for (Path part : parts) {
            if (Files.isDirectory(part) && holdsSomething(part)) {
                throw new StartupException("the data directory " + file.getParent() + " has no " + file.getFileName() + ", but " + part + " is not empty: it belongs to a broker that ran alone, or has lost that file; a cluster begins with an empty one");
            }
        }
        for (Path part : parts) {
            Files.createDirectories(part);
            force(part);
        }
        Uuid id = Uuid.randomUuid();
        write(file, id.toString());
        return id;
    }

    private static boolean holdsSomething(Path directory) throws IOException {
        try (Stream<Path> names = Files.list(directory)) {
            return names.findAny().isPresent();
        }
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    public Uuid id() {
        return id;
    }

    /**
     * Binds the directory to a cluster. Logs that no topic of the cluster claims are deleted, so those of another cluster must not get there.
     *
     * @throws StartupException when it belongs to another one
     */
    public void claim(String clusterId) {
        Path file = directory.resolve(CLUSTER);
        try {
            if (!Files.exists(file)) {
                write(file, clusterId);
            } else if (!Files.readString(file).strip().equals(clusterId)) {
                throw new StartupException("the data directory " + directory + " belongs to cluster " + Files.readString(file).strip() + ", and this is cluster " + clusterId);
            }
        } catch (IOException e) {
            throw new StartupException("the data directory " + directory + " cannot be used (data.dir): " + e, e);
        }
    }

    private static void write(Path file, String line) throws IOException {
        Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
        Files.writeString(fresh, line + "\n");
        force(fresh);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        force(file.getParent());
    }

    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new StartupException("the lock of the data directory cannot be given back: " + e, e);
        }
    }
}
