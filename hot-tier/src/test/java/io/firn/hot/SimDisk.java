package io.firn.hot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A {@link Disk} in memory that fails as a real one may: it loses un-forced bytes and names on {@link #crash}, tears writes, fills
 * up, fails operations on demand, and flips bits.
 *
 * <p>Two trees are kept: what a running process sees, and what the platter has. A force copies from the first to the second. A
 * crash makes the platter the truth, after letting a random part of the un-forced changes through, in random order.
 *
 * <p>Threading: thread-safe, by one lock. Deterministic for a seed as long as the callers are.
 */
public final class SimDisk implements Disk {

    /** Operations that can be made to fail. */
    public enum Op { CREATE, OPEN, LIST, APPEND, READ, FORCE, TRUNCATE, RENAME, DELETE, FORCE_DIRECTORY }

    static final int SECTOR_BYTES = 512;

    final Object lock = new Object();
    private final Random random;
    private final List<Fault> faults = new ArrayList<>();
    private final Set<Path> locks = new HashSet<>();
    private SimDirectory root = new SimDirectory();
    private long capacityBytes = Long.MAX_VALUE;
    private long nowMs = 1;
    private int generation;
    private int changesLeft = Integer.MAX_VALUE;

    public SimDisk(long seed) {
        this.random = new Random(seed);
    }

    // Faults

    /** Fails the next {@code times} operations of this kind on files whose path matches. A failing append first writes a random part. */
    public void fail(Op op, Predicate<Path> paths, int times, IOException error) {
        synchronized (lock) {
            faults.add(new Fault(op, paths, times, error));
        }
    }

    /** After so many more operations that change something every further one of any kind fails, until the next {@link #kill} or {@link #crash}. */
    public void dieAfter(int changes) {
        synchronized (lock) {
            changesLeft = changes;
        }
    }

    public void clearFaults() {
        synchronized (lock) {
            faults.clear();
        }
    }

    /** Room for this many file bytes in all. */
    public void capacityBytes(long bytes) {
        synchronized (lock) {
            capacityBytes = bytes;
        }
    }

    /** What {@link #lastModifiedMs} stamps from now on. */
    public void clockMs(long ms) {
        synchronized (lock) {
            nowMs = ms;
        }
    }

    /** Flips one bit, in memory and on the platter, as a failing medium does. */
    public void flipBit(Path file, long position, int bit) {
        synchronized (lock) {
            SimFile found = (SimFile) find(file);
            found.flip((int) position, bit);
        }
    }

    /** Cuts the file in memory and on the platter. */
    public void cut(Path file, int sizeBytes) {
        synchronized (lock) {
            SimFile found = (SimFile) find(file);
            found.cut(sizeBytes);
        }
    }

    /** A file's bytes as a running process sees them. */
    public byte[] bytes(Path file) {
        synchronized (lock) {
            return ((SimFile) find(file)).bytes();
        }
    }

    /** Power loss: handles die, locks are gone, un-forced changes survive in part. */
    public void crash() {
        synchronized (lock) {
            generation++;
            changesLeft = Integer.MAX_VALUE;
            locks.clear();
            root.crash(random, new HashSet<>());
        }
    }

    /** Kill of the process: handles die and locks are gone; all bytes stay. */
    public void kill() {
        synchronized (lock) {
            generation++;
            changesLeft = Integer.MAX_VALUE;
            locks.clear();
        }
    }

    // Disk

    @Override
    public void createDirectories(Path directory) throws IOException {
        synchronized (lock) {
            SimDirectory at = root;
            for (Path name : directory.toAbsolutePath()) {
                SimNode child = at.live.get(name.toString());
                if (child == null) {
                    check(Op.CREATE, directory);
                    child = new SimDirectory();
                    at.create(name.toString(), child);
                }
                at = (SimDirectory) child;
            }
        }
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        synchronized (lock) {
            check(Op.LIST, directory);
            return List.copyOf(directoryAt(directory).live.keySet());
        }
    }

    @Override
    public boolean exists(Path path) {
        synchronized (lock) {
            return find(path) != null;
        }
    }

    @Override
    public DiskFile create(Path path) throws IOException {
        synchronized (lock) {
            check(Op.CREATE, path);
            SimDirectory parent = directoryAt(path.getParent());
            if (parent.live.containsKey(path.getFileName().toString())) {
                throw new FileAlreadyExistsException(path.toString());
            }
            if (usedBytes() >= capacityBytes) {
                throw new DiskFullException("simulated disk is full", null);
            }
            SimFile file = new SimFile();
            file.modifiedMs = nowMs;
            parent.create(path.getFileName().toString(), file);
            return new SimHandle(this, path, file, generation);
        }
    }

    @Override
    public DiskFile open(Path path) throws IOException {
        synchronized (lock) {
            check(Op.OPEN, path);
            if (find(path) instanceof SimFile file) {
                return new SimHandle(this, path, file, generation);
            }
            throw new NoSuchFileException(path.toString());
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        synchronized (lock) {
            check(Op.RENAME, from);
            SimDirectory parent = directoryAt(from.getParent());
            SimNode node = parent.live.get(from.getFileName().toString());
            if (node == null) {
                throw new NoSuchFileException(from.toString());
            }
            if (find(to) instanceof SimDirectory) {
                throw new FileAlreadyExistsException(to.toString());
            }
            if (!from.getParent().equals(to.getParent())) {
                throw new IOException("the simulation renames within one directory only");
            }
            parent.rename(from.getFileName().toString(), to.getFileName().toString());
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        synchronized (lock) {
            check(Op.DELETE, path);
            SimNode node = find(path);
            if (node == null) {
                throw new NoSuchFileException(path.toString());
            }
            if (node instanceof SimDirectory directory && !directory.live.isEmpty()) {
                throw new DirectoryNotEmptyException(path.toString());
            }
            directoryAt(path.getParent()).remove(path.getFileName().toString());
        }
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        synchronized (lock) {
            check(Op.FORCE_DIRECTORY, directory);
            directoryAt(directory).force();
        }
    }

    @Override
    public long lastModifiedMs(Path path) throws IOException {
        synchronized (lock) {
            if (find(path) instanceof SimFile file) {
                return file.modifiedMs;
            }
            throw new NoSuchFileException(path.toString());
        }
    }

    @Override
    public long usableBytes(Path path) throws NoSuchFileException {
        synchronized (lock) {
            requireExisting(path);
            return Math.max(0, capacityBytes - usedBytes());
        }
    }

    @Override
    public long totalBytes(Path path) throws NoSuchFileException {
        synchronized (lock) {
            requireExisting(path);
            return capacityBytes;
        }
    }

    private void requireExisting(Path path) throws NoSuchFileException {
        if (!exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
    }

    @Override
    public Optional<Closeable> lock(Path file) throws IOException {
        synchronized (lock) {
            directoryAt(file.getParent());
            int mine = generation;
            return locks.add(file) ? Optional.of(() -> unlock(file, mine)) : Optional.empty();
        }
    }

    private void unlock(Path file, int lockGeneration) {
        synchronized (lock) {
            if (lockGeneration == generation) {
                locks.remove(file);
            }
        }
    }

    // For the handles, under the lock

    void check(Op op, Path path) throws IOException {
        boolean changes = op != Op.OPEN && op != Op.LIST && op != Op.READ;
        if (changesLeft == 0) {
            throw new IOException("the process is dead");
        }
        changesLeft -= changes && changesLeft != Integer.MAX_VALUE ? 1 : 0;
        for (Fault fault : faults) {
            if (fault.strikes(op, path)) {
                throw fault.error;
            }
        }
    }

    void checkAlive(int handleGeneration) throws IOException {
        if (handleGeneration != generation) {
            throw new IOException("handle of a process that is gone");
        }
    }

    long roomBytes() {
        return Math.max(0, capacityBytes - usedBytes());
    }

    int torn(int sizeBytes) {
        return random.nextInt(sizeBytes + 1);
    }

    long nowMs() {
        return nowMs;
    }

    private long usedBytes() {
        return capacityBytes == Long.MAX_VALUE ? 0 : root.usedBytes();
    }

    private SimNode find(Path path) {
        SimNode at = root;
        for (Path name : path.toAbsolutePath()) {
            if (!(at instanceof SimDirectory directory)) {
                return null;
            }
            at = directory.live.get(name.toString());
        }
        return at;
    }

    private SimDirectory directoryAt(Path path) throws NoSuchFileException {
        if (find(path) instanceof SimDirectory directory) {
            return directory;
        }
        throw new NoSuchFileException(path.toString());
    }

    private static final class Fault {
        private final Op op;
        private final Predicate<Path> paths;
        private final IOException error;
        private int left;

        Fault(Op op, Predicate<Path> paths, int times, IOException error) {
            this.op = op;
            this.paths = paths;
            this.left = times;
            this.error = error;
        }

        boolean strikes(Op tried, Path path) {
            if (tried != op || left == 0 || !paths.test(path)) {
                return false;
            }
            left--;
            return true;
        }
    }

    sealed interface SimNode permits SimDirectory, SimFile {}

    /** Names as the process sees them, names on the platter, and the changes between, in order. */
    static final class SimDirectory implements SimNode {
        private TreeMap<String, SimNode> live = new TreeMap<>();
        private TreeMap<String, SimNode> durable = new TreeMap<>();
        private final List<NameChange> pending = new ArrayList<>();

        void create(String name, SimNode node) {
            live.put(name, node);
            pending.add(names -> names.put(name, node));
        }

        void remove(String name) {
            live.remove(name);
            pending.add(names -> names.remove(name));
        }

        void rename(String from, String to) {
            SimNode node = live.remove(from);
            live.put(to, node);
            pending.add(names -> {
                if (names.remove(from, node)) {
                    names.put(to, node);
                }
            });
        }

        void force() {
            durable = new TreeMap<>(live);
            pending.clear();
        }

        void crash(Random random, Set<SimNode> seen) {
            boolean inOrder = random.nextBoolean();
            int prefix = random.nextInt(pending.size() + 1);
            for (int i = 0; i < pending.size(); i++) {
                if (inOrder ? i < prefix : random.nextBoolean()) {
                    pending.get(i).apply(durable);
                }
            }
            pending.clear();
            live = new TreeMap<>(durable);
            for (SimNode child : live.values()) {
                if (!seen.add(child)) {
                    continue;
                }
                if (child instanceof SimDirectory directory) {
                    directory.crash(random, seen);
                } else if (child instanceof SimFile file) {
                    file.crash(random);
                }
            }
        }

        long usedBytes() {
            long bytes = 0;
            for (SimNode child : live.values()) {
                bytes += child instanceof SimDirectory directory ? directory.usedBytes() : ((SimFile) child).sizeBytes();
            }
            return bytes;
        }
    }

    private interface NameChange {
        void apply(TreeMap<String, SimNode> names);
    }
}
