package io.firn.hot.segment;

import io.firn.hot.Disk;
import io.firn.hot.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The directory {@code <topic>-<partition>} of one log: names of its files (Kafka's), and whole small files written so that a crash
 * leaves the old or the new one.
 *
 * <pre>
 * 00000000000000000000.log        record batches            00000000000000000000.txnindex   aborted transactions
 * 00000000000000000000.index      offset → position         00000000000000000000.snapshot   producer state at that offset
 * 00000000000000000000.timeindex  time → offset             leader-epoch-checkpoint         epochs as of the last checkpoint
 * partition.metadata              topic id                  partition.checkpoint            {@link PartitionCheckpoint}
 * segment.swap                    segments being replaced, {@link SegmentSwap}
 * log.start                       the log is beginning anew at an offset, {@link PendingStart}
 * *.tmp, *.deleted, *.cleaned     left by a crash, removed when the log is opened
 * </pre>
 *
 * <p>Threading: thread-safe; the path changes once, when the directory is renamed away for deletion. All I/O methods block.
 */
public final class LogDirectory {

    public static final String LOG = ".log";
    public static final String OFFSET_INDEX = ".index";
    public static final String TIME_INDEX = ".timeindex";
    public static final String TRANSACTION_INDEX = ".txnindex";
    public static final String SNAPSHOT = ".snapshot";
    public static final String LEADER_EPOCHS = "leader-epoch-checkpoint";
    public static final String METADATA = "partition.metadata";
    public static final String CHECKPOINT = "partition.checkpoint";

    private static final String TEMPORARY = ".tmp";
    private static final String DELETED = ".deleted";
    private static final int OFFSET_DIGITS = 20;

    private final Disk disk;
    private volatile Path path;

    /** Segment files not disposed of, and one for the log's owner until it gives the directory up. */
    private final AtomicInteger users = new AtomicInteger(1);
    private final CompletableFuture<Void> unused = new CompletableFuture<>();

    public LogDirectory(Disk disk, Path path) {
        this.disk = disk;
        this.path = path;
    }

    void onOpened() {
        users.incrementAndGet();
    }

    void onClosed() {
        if (users.decrementAndGet() == 0) {
            unused.complete(null);
        }
    }

    /** Called once, when the log opens no more files: done when nobody has one of them open, on the thread that closed the last. */
    public CompletableFuture<Void> giveUp() {
        onClosed();
        return unused;
    }

    public Disk disk() {
        return disk;
    }

    public Path path() {
        return path;
    }

    /** File name of an offset: 20 digits and the suffix. */
    public static String fileName(long offset, String suffix) {
        return String.format("%020d", offset) + suffix;
    }

    public Path file(long offset, String suffix) {
        return path.resolve(fileName(offset, suffix));
    }

    /** Offsets that have a file with this suffix, ascending. */
    public List<Long> offsets(String suffix) throws IOException {
        List<Long> offsets = new ArrayList<>();
        for (String name : disk.list(path)) {
            if (name.length() == OFFSET_DIGITS + suffix.length() && name.endsWith(suffix) && name.chars().limit(OFFSET_DIGITS).allMatch(Character::isDigit)) {
                offsets.add(Long.parseLong(name, 0, OFFSET_DIGITS, 10));
            }
        }
        return offsets;
    }

    /** Removes what a crash in the middle of a write, a deletion or a rewrite left behind; after {@link SegmentSwap#finishPending}. */
    public void removeLeftovers() throws IOException {
        for (String name : disk.list(path)) {
            if (name.endsWith(TEMPORARY) || name.endsWith(DELETED) || name.endsWith(SegmentSwap.CLEANED)) {
                disk.delete(path.resolve(name));
            }
        }
    }

    public void force() throws IOException {
        disk.forceDirectory(path);
    }

    /** The whole content of a small file. */
    public ByteBuffer read(String name) throws IOException {
        try (DiskFile file = openAt(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.sizeBytes()));
            file.read(bytes, 0);
            return bytes.flip();
        }
    }

    /** Not while the directory is being renamed. */
    private synchronized DiskFile openAt(String name) throws IOException {
        return disk.open(path.resolve(name));
    }

    public boolean exists(String name) throws IOException {
        return disk.exists(path.resolve(name));
    }

    /** Replaces a file by forced bytes. Its new name survives a power loss only after {@link #force()}; before that the old content may come back. */
    public void write(String name, ByteBuffer bytes) throws IOException {
        Path temporary = path.resolve(name + TEMPORARY);
        if (disk.exists(temporary)) {
            disk.delete(temporary);
        }
        try (DiskFile file = disk.create(temporary)) {
            file.append(bytes);
            file.force();
        }
        disk.rename(temporary, path.resolve(name));
    }

    public void deleteIfExists(String name) throws IOException {
        if (exists(name)) {
            disk.delete(path.resolve(name));
        }
    }

    void renameIfExists(String from, String to) throws IOException {
        if (exists(from)) {
            disk.rename(path.resolve(from), path.resolve(to));
        }
    }

    /** Renames the files with these suffixes so that they no longer belong to the log, and returns the names they have now. */
    List<Path> retire(long offset, List<String> suffixes, long nonce) throws IOException {
        List<Path> retired = new ArrayList<>();
        for (String suffix : suffixes) {
            String name = fileName(offset, suffix);
            if (exists(name)) {
                Path to = path.resolve(name + "." + nonce + DELETED);
                disk.rename(path.resolve(name), to);
                retired.add(to);
            }
        }
        return retired;
    }

    /** Moves the whole directory to another name beside it. */
    public synchronized void moveTo(Path newPath) throws IOException {
        disk.rename(path, newPath);
        path = newPath;
    }
}
