package io.firn.gateway.rig;

import io.firn.hot.Disk;
import io.firn.hot.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A disk that can be slow: operations of a kind on segment files wait until the test lets them go on. It also counts the open handles, so that a test can see
 * whether every reference to a file was given back. Otherwise the disk it stands before. Thread-safe.
 */
public final class GatedDisk implements Disk {

    /** What can be held up. */
    public enum Op { CREATE, FORCE, READ, OPEN }

    private static final long LONGEST_WAIT_MS = 20_000;

    private final Disk disk;
    private final Map<Op, Predicate<Path>> held = new EnumMap<>(Op.class);
    private int waiting;
    private int openFiles;

    public GatedDisk(Disk disk) {
        this.disk = disk;
    }

    public void hold(Op op) {
        hold(op, file -> true);
    }

    /** Holds up what is done to some files only. Reads of a file of which nothing is in memory are the I/O pool's: those of a partition that nobody has read since the start are held without an event loop. */
    public synchronized void hold(Op op, Predicate<Path> files) {
        held.put(op, files);
    }

    public synchronized void release(Op op) {
        held.remove(op);
        notifyAll();
    }

    public synchronized void releaseAll() {
        held.clear();
        notifyAll();
    }

    /** Operations that are held up now. */
    public synchronized int waiting() {
        return waiting;
    }

    /** Handles not closed yet. */
    public synchronized int openFiles() {
        return openFiles;
    }

    private synchronized void pass(Op op, Path file) throws IOException {
        if (!file.toString().endsWith(".log")) {
            return;
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LONGEST_WAIT_MS);
        waiting++;
        try {
            while (held.getOrDefault(op, any -> false).test(file)) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(op + " of " + file + " was never released");
                }
                wait(LONGEST_WAIT_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            waiting--;
        }
    }

    private DiskFile counted(Path path, DiskFile file) {
        synchronized (this) {
            openFiles++;
        }
        return new Handle(path, file);
    }

    @Override
    public DiskFile create(Path file) throws IOException {
        pass(Op.CREATE, file);
        return counted(file, disk.create(file));
    }

    @Override
    public DiskFile open(Path file) throws IOException {
        pass(Op.OPEN, file);
        return counted(file, disk.open(file));
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        disk.createDirectories(directory);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        disk.forceDirectory(directory);
    }

    @Override
    public long lastModifiedMs(Path file) throws IOException {
        return disk.lastModifiedMs(file);
    }

    @Override
    public long usableBytes(Path path) throws IOException {
        return disk.usableBytes(path);
    }

    @Override
    public long totalBytes(Path path) throws IOException {
        return disk.totalBytes(path);
    }

    @Override
    public Optional<Closeable> lock(Path file) throws IOException {
        return disk.lock(file);
    }

    private final class Handle implements DiskFile {

        private final Path path;
        private final DiskFile file;
        private boolean closed;

        Handle(Path path, DiskFile file) {
            this.path = path;
            this.file = file;
        }

        @Override
        public long sizeBytes() throws IOException {
            return file.sizeBytes();
        }

        @Override
        public void append(ByteBuffer... buffers) throws IOException {
            file.append(buffers);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            pass(Op.READ, path);
            return file.read(target, position);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
            return file.transferTo(position, count, target);
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            file.truncate(sizeBytes);
        }

        @Override
        public void force() throws IOException {
            pass(Op.FORCE, path);
            file.force();
        }

        @Override
        public void close() throws IOException {
            synchronized (GatedDisk.this) {
                if (!closed) {
                    closed = true;
                    openFiles--;
                }
            }
            file.close();
        }
    }
}
