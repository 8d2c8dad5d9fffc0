package io.firn.cold.cache;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files in a directory of its own, which nothing else may use: it is emptied when it is opened.
 *
 * <p>Aligned buffers are read and written past the page cache ({@code O_DIRECT}), so that a replay pushes no hot segment out of it; all others, and files of which the opening or the first transfer was refused that way, through it.
 *
 * <p>Thread-safe.
 */
public final class RegionDirectory implements RegionFiles {

    private static final String SUFFIX = ".chunks";
    private static final Logger log = LoggerFactory.getLogger(RegionDirectory.class);

    /** Opens a file past the page cache. */
    @FunctionalInterface
    interface Opening {
        FileChannel open(Path file) throws IOException;
    }

    @FunctionalInterface
    private interface Transfer {
        int move(FileChannel channel, ByteBuffer bytes, long position) throws IOException;
    }

    private final Path directory;
    private final Opening direct;
    private final AtomicLong created = new AtomicLong();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile FileStore store;

    public RegionDirectory(Path directory) {
        this(directory, file -> FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT));
    }

    RegionDirectory(Path directory, Opening direct) {
        this.directory = directory;
        this.direct = direct;
    }

    @Override
    public void open() throws IOException {
        Files.createDirectories(directory);
        store = Files.getFileStore(directory);
    }

    @Override
    public void empty() throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Path file : left) {
                Files.delete(file);
            }
        }
    }

    @Override
    public Region create() throws IOException {
        Path file = directory.resolve(created.getAndIncrement() + SUFFIX);
        FileChannel buffered = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new ChannelRegion(file, buffered, pastTheCache(file));
    }

    private Optional<FileChannel> pastTheCache(Path file) {
        try {
            if (ALIGNMENT % store.getBlockSize() == 0) {
                return Optional.of(direct.open(file));
            }
            refused("its file system has blocks of " + store.getBlockSize() + " bytes");
        } catch (IOException | UnsupportedOperationException e) {
            refused(e.toString());
        }
        return Optional.empty();
    }

    /** Said once; the next file is tried anew, as what was short a moment ago, descriptors perhaps, may be there again. */
    private void refused(String why) {
        if (!told.getAndSet(true)) {
            log.atInfo().addKeyValue("directory", directory).addKeyValue("reason", why).log("A file of the cold tier's cache on disk goes through the page cache: O_DIRECT was refused");
        }
    }

    @Override
    public long usableBytes() throws IOException {
        return store.getUsableSpace();
    }

    /** The same file twice, buffered and past the page cache. What is written by one is seen by the other: Linux keeps them in step. */
    private final class ChannelRegion implements Region {

        private final Path file;
        private final FileChannel buffered;
        private final Optional<FileChannel> direct;
        private volatile boolean pastTheCache;
        /** Whether it ever was. */
        private volatile boolean wentPast;

        ChannelRegion(Path file, FileChannel buffered, Optional<FileChannel> direct) {
            this.file = file;
            this.buffered = buffered;
            this.direct = direct;
            this.pastTheCache = direct.isPresent();
        }

        /** Some file systems take the flag, and then not the first transfer: that is no failure of the disk, unless the page cache is refused, too. Later ones are: through the page cache a write to a disk that fails would succeed. */
        private int move(ByteBuffer bytes, long position, Transfer transfer) throws IOException {
            if (pastTheCache && isAligned(bytes, position)) {
                try {
                    int moved = transfer.move(direct.get(), bytes, position);
                    wentPast = true;
                    return moved;
                } catch (IOException e) {
                    if (wentPast || e instanceof ClosedChannelException) {
                        throw e;
                    }
                    pastTheCache = false;
                    refused(e.toString());
                }
            }
            return transfer.move(buffered, bytes, position);
        }

        private static boolean isAligned(ByteBuffer bytes, long position) {
            return bytes.isDirect() && bytes.alignmentOffset(bytes.position(), ALIGNMENT) == 0 && bytes.remaining() % ALIGNMENT == 0 && position % ALIGNMENT == 0;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            for (long at = position; source.hasRemaining(); ) {
                at += move(source, at, FileChannel::write);
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int from = target.position();
            while (target.hasRemaining()) {
                long at = position + target.position() - from;
                if (move(target, at, FileChannel::read) < 0) {
                    break;
                }
            }
            return target.position() - from;
        }

        @Override
        public void delete() throws IOException {
            try (FileChannel first = buffered) {
                if (direct.isPresent()) {
                    direct.get().close();
                }
                Files.delete(file);
            }
        }
    }
}
