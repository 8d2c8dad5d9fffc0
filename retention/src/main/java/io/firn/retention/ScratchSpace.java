package io.firn.retention;

import io.firn.hot.Disk;
import io.firn.hot.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory for files that mean nothing after a restart: a segment that compaction, or a repair, has written and not uploaded yet.
 *
 * <p>Limit: one file at a time. On crash: what lies in the directory is deleted before the first file of the next process is made, and before that nobody looks at it.
 *
 * <p>Threading: confined to the thread of the one compaction of the cold tier, or of the scrub; blocks on the disk.
 */
public final class ScratchSpace {
    private static final String ENDING = ".compacting";
    private static final Logger logger = LoggerFactory.getLogger(ScratchSpace.class);

    private final Disk disk;
    private final Path directory;
    private boolean swept;
    private long made;

    /** @param directory its own, emptied at first use; what is in it never exceeds one segment */
    public ScratchSpace(Disk disk, Path directory) {
        this.disk = disk;
        this.directory = directory;
    }

    /** Another one, for another thread. */
    ScratchSpace beside(String name) {
        return new ScratchSpace(disk, directory.resolveSibling(directory.getFileName() + "-" + name));
    }

    /** Where the scrub notes how far it has come: what does mean something after a restart. */
    ScrubPlaces places() {
        return new ScrubPlaces(disk, directory.resolveSibling(directory.getFileName() + "-places"));
    }

    /** An empty file that is gone when it is closed. */
    Scratch create() throws ScratchException {
        try {
            if (!swept) {
                sweep();
                swept = true;
            }
            Path path = directory.resolve(++made + ENDING); // a new name each time: one that could not be deleted is in nobody's way
            return new Scratch(disk, path, disk.create(path));
        } catch (IOException e) {
            throw new ScratchException(e);
        }
    }

    private void sweep() throws IOException {
        disk.createDirectories(directory);
        for (String name : disk.list(directory)) {
            logger.atInfo().addKeyValue("file", name).log("A file that an interrupted compaction or repair left is deleted");
            disk.delete(directory.resolve(name));
        }
    }

    /** One file. */
    static final class Scratch implements AutoCloseable {
        private final Disk disk;
        private final Path path;
        private final DiskFile file;

        private Scratch(Disk disk, Path path, DiskFile file) {
            this.disk = disk;
            this.path = path;
            this.file = file;
        }

        void append(ByteBuffer bytes) throws ScratchException {
            try {
                file.append(bytes);
            } catch (IOException e) {
                throw new ScratchException(e);
            }
        }

        /** As {@link DiskFile#read}; from any thread. */
        int read(ByteBuffer target, long position) throws ScratchException {
            try {
                return file.read(target, position);
            } catch (IOException e) {
                throw new ScratchException(e);
            }
        }

        /** Deletes the file. A failure leaves it to the next process. */
        @Override
        public void close() {
            try (DiskFile closing = file) {
                disk.delete(path);
            } catch (NoSuchFileException gone) {
                logger.atDebug().addKeyValue("file", path).log("A scratch file was gone already");
            } catch (IOException e) {
                logger.atWarn().addKeyValue("file", path).addKeyValue("cause", e).log("A scratch file could not be deleted");
            }
        }
    }
}
