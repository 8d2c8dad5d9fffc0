package io.firn.retention;

import io.firn.hot.Disk;
import io.firn.hot.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A process's own access to a disk: nothing it still has under way reaches the disk after the process has died. Thread-safe, by its lock. */
final class MortalDisk implements Disk {
    private final Disk disk;
    private boolean dead;

    MortalDisk(Disk disk) {
        this.disk = disk;
    }

    /** The process dies. What it has begun on the disk is over when this returns. */
    synchronized void die() {
        dead = true;
    }

    private Disk alive() throws IOException {
        if (dead) {
            throw new IOException("the process is dead");
        }
        return disk;
    }

    @Override
    public synchronized void createDirectories(Path directory) throws IOException {
        alive().createDirectories(directory);
    }

    @Override
    public synchronized List<String> list(Path directory) throws IOException {
        return alive().list(directory);
    }

    @Override
    public synchronized boolean exists(Path path) throws IOException {
        return alive().exists(path);
    }

    @Override
    public synchronized DiskFile create(Path file) throws IOException {
        return alive().create(file);
    }

    @Override
    public synchronized DiskFile open(Path file) throws IOException {
        return alive().open(file);
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        alive().rename(from, to);
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        alive().delete(path);
    }

    @Override
    public synchronized void forceDirectory(Path directory) throws IOException {
        alive().forceDirectory(directory);
    }

    @Override
    public synchronized long lastModifiedMs(Path file) throws IOException {
        return alive().lastModifiedMs(file);
    }

    @Override
    public synchronized long usableBytes(Path path) throws IOException {
        return alive().usableBytes(path);
    }

    @Override
    public synchronized long totalBytes(Path path) throws IOException {
        return alive().totalBytes(path);
    }

    @Override
    public synchronized Optional<Closeable> lock(Path file) throws IOException {
        return alive().lock(file);
    }
}
