package io.firn.hot;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much room the disk has. The file system is asked in the background, when somebody wants to know and the last answer is old.
 *
 * <p>Threading: thread-safe; only the first call of an instance blocks.
 */
final class Room {

    private static final Logger LOG = LoggerFactory.getLogger(Room.class);
    private static final long MAX_AGE_MS = 500;

    private final Disk disk;
    private final Path path;
    private final Executor io;
    private final InstantSource clock;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile long usableBytes;
    private volatile long totalBytes;
    private volatile long askedMs;

    Room(Disk disk, Path path, Executor io, InstantSource clock) {
        this.disk = disk;
        this.path = path;
        this.io = io;
        this.clock = clock;
        ask();
    }

    long usableBytes() {
        refresh();
        return usableBytes;
    }

    long totalBytes() {
        refresh();
        return totalBytes;
    }

    private void refresh() {
        if (clock.millis() - askedMs > MAX_AGE_MS && asking.compareAndSet(false, true)) {
            try {
                io.execute(this::ask);
            } catch (RejectedExecutionException e) {
                // The store is closed; the last answer stays.
                asking.set(false);
            }
        }
    }

    private void ask() {
        try {
            usableBytes = disk.usableBytes(path);
            totalBytes = disk.totalBytes(path);
        } catch (IOException e) {
            LOG.atWarn().addKeyValue("directory", path).setCause(e).log("free space is not known; the last figure stays");
        }
        askedMs = clock.millis();
        asking.set(false);
    }
}
