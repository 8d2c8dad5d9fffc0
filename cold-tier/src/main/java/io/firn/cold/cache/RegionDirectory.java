package io.firn.cold.cache;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files in a directory of its own, which nothing else may use: it is emptied when it is opened.
 *
 * <p>Aligned buffers are read and written past the page cache ({@code O_DIRECT}), so that a replay pushes no hot segment out of it; all others, and on a file system that refuses that, through it.
 *
 * <p>Thread-safe.
 */
public final class RegionDirectory implements RegionFiles {

    private static final String SUFFIX = ".chunks";
    private static final Logger log = LoggerFactory.getLogger(RegionDirectory.class);

    private final Path directory;
    private final AtomicLong created = new AtomicLong();
    private volatile FileStore store;
    private volatile boolean direct = true;

    public RegionDirectory(Path directory) {
        this.directory = directory;
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
        if (!direct) {
            return Optional.empty();
        }
        Set<OpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
        String why;
        try {
            if (ALIGNMENT % store.getBlockSize() == 0) {
                return Optional.of(FileChannel.open(file, options));
            }
            why = "its file system has blocks of " + store.getBlockSize() + " bytes";
        } catch (IOException | UnsupportedOperationException e) {
            why = e.toString();
        }
        direct = false;
        log.atInfo().addKeyValue("directory", directory).addKeyValue("reason", why).log("The cold tier's cache on disk goes through the page cache: a file of it could not be opened with O_DIRECT");
        return Optional.empty();
    }

    @Override
    public long usableBytes() throws IOException {
        return store.getUsableSpace();
    }

    /** The same file twice, buffered and past the page cache. What is written by one is seen by the other: Linux keeps them in step. */
    private static final class ChannelRegion implements Region {

        private final Path file;
        private final FileChannel buffered;
        private final Optional<FileChannel> direct;

        ChannelRegion(Path file, FileChannel buffered, Optional<FileChannel> direct) {
            this.file = file;
            this.buffered = buffered;
            this.direct = direct;
        }

        private FileChannel channel(ByteBuffer bytes, long position) {
            boolean aligned = bytes.isDirect() && bytes.alignmentOffset(bytes.position(), ALIGNMENT) == 0 && bytes.remaining() % ALIGNMENT == 0 && position % ALIGNMENT == 0;
            return aligned ? direct.orElse(buffered) : buffered;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            for (long at = position; source.hasRemaining(); ) {
                at += channel(source, at).write(source, at);
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int from = target.position();
            while (target.hasRemaining()) {
                long at = position + target.position() - from;
                if (channel(target, at).read(target, at) < 0) {
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
