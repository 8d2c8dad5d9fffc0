package io.firn.hot;

import io.firn.hot.recovery.LogOpening;
import io.firn.hot.segment.LogDirectory;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data directory: its lock, its clean-shutdown marker, the partitions' directories in it and their deletion.
 *
 * <pre>
 * .lock                        held while a process uses the directory
 * high-watermarks              {@link HighWatermarks}
 * .clean-shutdown              there only while no process does, and only if the last one closed every log
 * &lt;topic&gt;-&lt;partition&gt;/          one log
 * &lt;topic id&gt;-&lt;partition&gt;.N-delete/ a deleted log whose files are not all gone yet (a topic's name may be as long as a file's)
 * </pre>
 *
 * The marker only tells the operator what to expect: whether a log has to be scanned follows from its own checkpoint.
 *
 * <p>Threading: thread-safe.
 */
final class StoreDirectory {

    private static final Logger LOG = LoggerFactory.getLogger(StoreDirectory.class);
    private static final String LOCK = ".lock";
    private static final String CLEAN = ".clean-shutdown";
    private static final String DELETE = "-delete";

    private final Disk disk;
    private final Path path;
    private final Closeable lock;
    private final Set<TopicIdPartition> partitions = ConcurrentHashMap.newKeySet();

    /** Deletions under way by directory name: whoever creates the name anew waits. */
    private final Map<String, CompletableFuture<Void>> deletions = new ConcurrentHashMap<>();

    private StoreDirectory(Disk disk, Path path, Closeable lock) {
        this.disk = disk;
        this.path = path;
        this.lock = lock;
    }

    static StoreDirectory open(Disk disk, Path path) {
        try {
            create(disk, path.toAbsolutePath());
            Optional<Closeable> lock = disk.lock(path.resolve(LOCK));
            if (lock.isEmpty()) {
                throw new HotStoreException("data directory " + path + " is in use by another process");
            }
            StoreDirectory directory = new StoreDirectory(disk, path, lock.get());
            directory.scan();
            return directory;
        } catch (IOException e) {
            throw new HotStoreException("data directory " + path + " cannot be used: " + e, e);
        }
    }

    /** Creates the directory so that it survives a power loss: every name that is new is forced. */
    private static void create(Disk disk, Path path) throws IOException {
        Path parent = path.getParent();
        if (!disk.exists(path) && parent != null) {
            create(disk, parent);
            disk.createDirectories(path);
            disk.forceDirectory(parent);
        }
    }

    private void scan() throws IOException {
        boolean clean = disk.exists(path.resolve(CLEAN));
        if (clean) {
            disk.delete(path.resolve(CLEAN));
            disk.forceDirectory(path);
        }
        for (String name : disk.list(path)) {
            if (name.endsWith(DELETE)) {
                remove(path.resolve(name));
            } else {
                partitionOf(name).ifPresent(partitions::add);
            }
        }
        LOG.atInfo().addKeyValue("directory", path).addKeyValue("logs", partitions.size()).addKeyValue("cleanShutdown", clean).log("opened data directory");
    }

    private Optional<TopicIdPartition> partitionOf(String name) throws IOException {
        int dash = name.lastIndexOf('-');
        if (dash < 1 || dash == name.length() - 1 || !name.chars().skip(dash + 1).allMatch(Character::isDigit) || name.length() - dash > 10) {
            return Optional.empty();
        }
        TopicPartition partition = new TopicPartition(name.substring(0, dash), Integer.parseInt(name.substring(dash + 1)));
        Optional<Uuid> topicId = LogOpening.topicId(new LogDirectory(disk, path.resolve(name)));
        if (topicId.isEmpty()) {
            LOG.atWarn().addKeyValue("directory", path.resolve(name)).log("directory has no readable partition.metadata and is left alone");
        }
        return topicId.map(id -> new TopicIdPartition(id, partition));
    }

    Disk disk() {
        return disk;
    }

    Set<TopicIdPartition> partitions() {
        return Set.copyOf(partitions);
    }

    LogDirectory of(TopicIdPartition partition) {
        return new LogDirectory(disk, path.resolve(partition.topicPartition().toString()));
    }

    void add(TopicIdPartition partition) {
        partitions.add(partition);
    }

    /** Done when no deletion of a directory with this name is under way. */
    CompletableFuture<Void> afterDeletion(TopicIdPartition partition) {
        CompletableFuture<Void> deletion = deletions.get(partition.topicPartition().toString());
        return deletion == null ? CompletableFuture.completedFuture(null) : deletion;
    }

    /**
     * Renames the partition's directory away once {@code released} is done, and removes it when nobody has a file of it open; nothing happens if it has none, or it
     * belongs to another topic.
     */
    CompletableFuture<Void> delete(TopicIdPartition partition, LogDirectory directory, CompletableFuture<Void> released, Executor io) {
        String name = partition.topicPartition().toString();
        CompletableFuture<Void> deletion = released.handle((done, failure) -> partition).thenAcceptAsync(gone -> moveAwayAndRemove(gone, directory, io), io);
        deletions.put(name, deletion);
        return deletion.whenComplete((done, failure) -> deletions.remove(name, deletion));
    }

    private void moveAwayAndRemove(TopicIdPartition partition, LogDirectory directory, Executor io) {
        if (!moveAway(partition, directory)) {
            return;
        }
        CompletableFuture<Void> unused = directory.giveUp();
        if (unused.isDone()) {
            remove(partition, directory);
        } else {
            unused.thenRunAsync(() -> remove(partition, directory), io);
        }
    }

    /** Whether there was something to rename. */
    private boolean moveAway(TopicIdPartition partition, LogDirectory directory) {
        try {
            boolean ours = disk.exists(directory.path()) && LogOpening.topicId(directory).equals(Optional.of(partition.topicId()));
            if (ours) {
                Path away = path.resolve(partition.topicId() + "-" + partition.partition() + "." + System.nanoTime() + DELETE);
                directory.moveTo(away);
                disk.forceDirectory(path);
            }
            partitions.remove(partition);
            return ours;
        } catch (IOException e) {
            LOG.atError().addKeyValue("directory", directory.path()).setCause(e).log("deleted log could not be removed from disk");
            throw new HotStoreException("cannot delete " + directory.path() + ": " + e, e);
        }
    }

    private void remove(TopicIdPartition partition, LogDirectory directory) {
        try {
            remove(directory.path());
        } catch (IOException e) {
            LOG.atError().addKeyValue("partition", partition).addKeyValue("directory", directory.path()).setCause(e)
                    .log("files of a deleted log could not be removed; the next start tries again");
            throw new HotStoreException("cannot delete " + directory.path() + ": " + e, e);
        }
    }

    private void remove(Path directory) throws IOException {
        for (String name : disk.list(directory)) {
            disk.delete(directory.resolve(name));
        }
        disk.delete(directory);
    }

    /** Writes the marker if all logs are clean, and lets go of the directory. */
    void close(boolean clean) {
        try {
            if (clean) {
                disk.create(path.resolve(CLEAN)).close();
                disk.forceDirectory(path);
            }
            lock.close();
        } catch (IOException e) {
            LOG.atWarn().addKeyValue("directory", path).setCause(e).log("clean shutdown could not be noted; the next start says unclean");
        }
    }
}
