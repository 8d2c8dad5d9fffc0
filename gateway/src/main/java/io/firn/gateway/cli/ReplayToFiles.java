package io.firn.gateway.cli;

import io.firn.cold.ColdRecord;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A file a partition. It gets its name when it is whole and forced to disk; until then, and after a failure, the name ends in {@value #UNFINISHED}. */
final class ReplayToFiles implements ReplayTarget {

    private static final String UNFINISHED = ".part";
    private static final int BUFFER_BYTES = 1 << 18;

    private final Path directory;
    private final String topic;
    private final ReplayFormat format;

    ReplayToFiles(Path directory, String topic, ReplayFormat format) {
        this.directory = directory;
        this.topic = topic;
        this.format = format;
    }

    /** What is there is not written over. */
    @Override
    public Lane lane(int partition) {
        Path file = directory.resolve(topic + "-" + partition + "." + format.fileEnding());
        Path unfinished = directory.resolve(file.getFileName() + UNFINISHED);
        if (Files.exists(file)) {
            throw new CliFailure(Main.USAGE, file + " is there already");
        }
        try {
            Files.createDirectories(directory);
            return new FileLane(partition, file, unfinished, FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        } catch (FileAlreadyExistsException left) {
            throw new CliFailure(Main.USAGE, unfinished + " is there already: another replay writes it, or left it behind");
        } catch (IOException failed) {
            throw new CliFailure(Main.FAILED, "cannot write " + unfinished + ": " + failed);
        }
    }

    @Override
    public void close() {
        // each lane has a file of its own
    }

    private final class FileLane implements Lane {
        private final int partition;
        private final Path file;
        private final Path unfinished;
        private final FileChannel channel;
        private final OutputStream out;

        FileLane(int partition, Path file, Path unfinished, FileChannel channel) {
            this.partition = partition;
            this.file = file;
            this.unfinished = unfinished;
            this.channel = channel;
            this.out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER_BYTES);
        }

        @Override
        public void write(ColdRecord record) {
            try {
                format.write(partition, record, out);
            } catch (IOException failed) {
                throw failure(failed);
            }
        }

        @Override
        public void finish() {
            try {
                out.flush();
                channel.force(true);
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException failed) {
                throw failure(failed);
            }
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException failed) {
                throw failure(failed);
            }
        }

        private CliFailure failure(IOException failed) {
            return new CliFailure(Main.FAILED, "cannot write " + unfinished + ": " + failed);
        }
    }
}
