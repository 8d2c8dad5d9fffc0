package io.firn.hot.segment;

import io.firn.hot.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open {@code .log} file of a segment and the names of the files beside it, counted by reference.
 *
 * <p>The log holds one reference while the segment belongs to it; every range being sent and every view being copied holds another.
 * The last release closes the file and, if the segment was retired from the log, deletes its files; both on the I/O pool.
 *
 * <p>Life: {@code in the log} → (retire: files renamed away, names free for a new segment) → {@code retired} → (last release) →
 * {@code gone}. <em>On crash</em> retired files are found by their suffix and removed.
 *
 * <p>Threading: thread-safe; appends and truncations as {@link DiskFile} says. {@link #retire} is called by the log's lane only.
 */
public final class SegmentFile {

    private static final Logger LOG = LoggerFactory.getLogger(SegmentFile.class);
    private static final List<String> SUFFIXES =
            List.of(LogDirectory.LOG, LogDirectory.OFFSET_INDEX, LogDirectory.TIME_INDEX, LogDirectory.TRANSACTION_INDEX);


    /** Makes names of retired files unique: a segment may be cut off and written anew while a reader still has the old one. */
    private static final AtomicLong RETIREMENTS = new AtomicLong();

    private final LogDirectory directory;
    private final long baseOffset;
    private final DiskFile log;
    private final Executor io;
    private final AtomicInteger references = new AtomicInteger(1);
    private volatile List<Path> retired = List.of();

    /** Held while the file is forced, by the flusher or on the pool. Guards {@link #forceFailure}. */
    private final Object forcing = new Object();
    private String forceFailure = "";

    /** Held on the pool while the files beside the log are renamed or read, so that a reader never looks for a name that is just changing. */
    private final Object naming = new Object();

    public SegmentFile(LogDirectory directory, long baseOffset, DiskFile log, Executor io) {
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.log = log;
        this.io = io;
        directory.onOpened();
    }

    public long baseOffset() {
        return baseOffset;
    }

    public DiskFile log() {
        return log;
    }

    public LogDirectory directory() {
        return directory;
    }

    /**
     * Forces the log file; blocks. Once that has failed it fails for ever: the system tells one caller only that bytes were lost, and flusher and lane
     * both force. So they take turns.
     */
    public void force() throws IOException {
        synchronized (forcing) {
            if (!forceFailure.isEmpty()) {
                throw new IOException("segment " + baseOffset + ": an earlier force failed: " + forceFailure);
            }
            try {
                log.force();
            } catch (IOException e) {
                forceFailure = String.valueOf(e.getMessage());
                throw e;
            }
        }
    }

    /** Reads one of the files beside the log, wherever it is now; a missing one is an error. Blocks. */
    public ByteBuffer readBeside(String suffix) throws IOException {
        synchronized (naming) {
            return readNamed(suffix);
        }
    }

    private ByteBuffer readNamed(String suffix) throws IOException {
        String name = LogDirectory.fileName(baseOffset, suffix);
        for (Path path : retired) {
            if (path.getFileName().toString().startsWith(name + ".")) {
                return directory.read(path.getFileName().toString());
            }
        }
        return directory.read(name);
    }

    /** Takes the files' names out of the log; blocks. The log's own reference is still to be released. */
    public void retire() throws IOException {
        synchronized (naming) {
            retired = directory.retire(baseOffset, SUFFIXES, RETIREMENTS.incrementAndGet());
        }
    }

    /** Whether the last reference was released. */
    public boolean isGone() {
        return references.get() == 0;
    }

    public SegmentFile retain() {
        if (!tryRetain()) {
            throw new IllegalStateException("segment " + baseOffset + " was released already");
        }
        return this;
    }

    /** Takes a reference unless the last one is gone. */
    public boolean tryRetain() {
        return references.getAndUpdate(count -> count == 0 ? 0 : count + 1) > 0;
    }

    public void release() {
        int left = references.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("segment " + baseOffset + " was released too often");
        }
        if (left == 0) {
            try {
                io.execute(this::dispose);
            } catch (RejectedExecutionException e) {
                // The store is closed and its pool gone: nobody is left whom waiting for the disk could hurt.
                dispose();
            }
        }
    }

    private void dispose() {
        try {
            log.close();
            for (Path path : retired) {
                directory.deleteIfExists(path.getFileName().toString());
            }
        } catch (IOException e) {
            // What is left is removed when the log is next opened.
            LOG.atWarn().addKeyValue("directory", directory.path()).addKeyValue("baseOffset", baseOffset).setCause(e)
                    .log("could not remove the files of a deleted segment");
        } finally {
            directory.onClosed();
        }
    }
}
