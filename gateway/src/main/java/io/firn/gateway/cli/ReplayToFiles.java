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
import java.util.List;

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

    /** Fails, before hours of reading, if a file that one of these is to go into is there: nothing is written over. */
    void requireFree(List<Integer> partitions) {
        for (int partition : partitions) {
            if (Files.exists(file(partition))) {
                throw new CliFailure(Main.USAGE, file(partition) + " is there already");
            }
            if (Files.exists(unfinished(partition))) {
                throw taken(unfinished(partition));
            }
        }
    }

    private Path file(int partition) {
        return directory.resolve(topic + "-" + partition + "." + format.fileEnding());
    }

    private Path unfinished(int partition) {
        return directory.resolve(file(partition).getFileName() + UNFINISHED);
    }

    private static CliFailure taken(Path unfinished) {
        return new CliFailure(Main.USAGE, unfinished + " is there already: another replay writes it, or left it behind");
    }

    @Override
    public Lane lane(int partition) {
        Path file = file(partition);
        Path unfinished = unfinished(partition);
        requireFree(List.of(partition));
        try {
            Files.createDirectories(directory);
            return new FileLane(partition, file, unfinished, FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        } catch (FileAlreadyExistsException left) {
            throw taken(unfinished);
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
