package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegionDirectoryTest {

    /** Of this thread; says how much of what it read the disk was asked for. */
    private static final Path IO = Path.of("/proc/thread-self/io");
    private static final int DIRECT_BYTES = 4 << 20;

    @TempDir
    Path temp;

    @Test
    void whatIsWrittenIsReadWhetherAlignedOrNot() throws IOException {
        RegionDirectory files = opened(temp.resolve("cache"));
        RegionFiles.Region region = files.create();
        byte[] bytes = new byte[3 * RegionFiles.ALIGNMENT + 100];
        new Random(1).nextBytes(bytes);
        region.write(aligned(2 * RegionFiles.ALIGNMENT).put(bytes, 0, 2 * RegionFiles.ALIGNMENT).flip(), 0);
        region.write(ByteBuffer.wrap(bytes, 2 * RegionFiles.ALIGNMENT, RegionFiles.ALIGNMENT + 100), 2 * RegionFiles.ALIGNMENT);
        for (ByteBuffer target : new ByteBuffer[] {aligned(4 * RegionFiles.ALIGNMENT), ByteBuffer.allocateDirect(4 * RegionFiles.ALIGNMENT + 1).position(1), ByteBuffer.allocate(5 * RegionFiles.ALIGNMENT)}) {
            ByteBuffer here = target.slice();
            assertThat(region.read(here, 0)).as("up to the end of the file").isEqualTo(bytes.length);
            assertThat(here.flip()).isEqualTo(ByteBuffer.wrap(bytes));
        }
    }

    /**
     * By what this thread has had brought from the disk: a page that is in the page cache is not. Channels of our own tell first whether the file system keeps {@code O_DIRECT} and counts; else there is nothing to see here.
     */
    @Test
    void whatIsAlignedIsWrittenAndReadPastThePageCache() throws IOException {
        assumeTrue(Files.isReadable(IO), "only Linux counts what a thread reads from the disk");
        Path probe = Files.createFile(temp.resolve("probe"));
        try (FileChannel direct = past(probe)) {
            direct.write(aligned(DIRECT_BYTES), 0);
            assumeTrue(brought(() -> read(probe)) >= DIRECT_BYTES && brought(() -> direct.read(aligned(DIRECT_BYTES), 0)) >= DIRECT_BYTES && brought(() -> read(probe)) < DIRECT_BYTES,
                    "O_DIRECT is not kept here, or not counted");
        }

        RegionFiles.Region region = opened(temp.resolve("cache")).create();
        region.write(aligned(DIRECT_BYTES), 0);
        assertThat(brought(() -> read(only(temp.resolve("cache"))))).as("brought for a buffered reader: what was written had left nothing in the page cache").isGreaterThanOrEqualTo(DIRECT_BYTES);
        assertThat(brought(() -> region.read(aligned(DIRECT_BYTES), 0))).as("brought though all of it is in the page cache now").isGreaterThanOrEqualTo(DIRECT_BYTES);
    }

    private static FileChannel past(Path file) {
        try {
            return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
        } catch (IOException | UnsupportedOperationException refused) {
            return abort("no O_DIRECT on this file system: " + refused);
        }
    }

    /** Some reading, and how many bytes it was given. */
    @FunctionalInterface
    private interface Reading {
        long bytes() throws IOException;
    }

    /** Bytes that the disk was asked for meanwhile. */
    private static long brought(Reading reading) throws IOException {
        long before = fromDisk();
        assertThat(reading.bytes()).isEqualTo(DIRECT_BYTES);
        return fromDisk() - before;
    }

    private static long fromDisk() throws IOException {
        return Files.readAllLines(IO).stream().filter(line -> line.startsWith("read_bytes: ")).mapToLong(line -> Long.parseLong(line.substring(12))).findFirst().orElseThrow();
    }

    private static long read(Path file) throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(DIRECT_BYTES);
        try (FileChannel buffered = FileChannel.open(file)) {
            while (buffered.read(target) > 0) {
                continue;
            }
        }
        return target.position();
    }

    private static Path only(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.findFirst().orElseThrow();
        }
    }

    @Test
    void aFileThatRefusesWritesPastThePageCacheGoesThroughIt() throws IOException {
        Path full = Path.of("/dev/full");
        assumeThat(full).exists();
        RegionFiles.Region region = opened(new RegionDirectory(temp.resolve("cache"), file -> FileChannel.open(full, StandardOpenOption.READ, StandardOpenOption.WRITE))).create();
        byte[] bytes = new byte[RegionFiles.ALIGNMENT];
        new Random(1).nextBytes(bytes);
        region.write(aligned(RegionFiles.ALIGNMENT).put(bytes).flip(), 0);
        ByteBuffer target = aligned(RegionFiles.ALIGNMENT);
        assertThat(region.read(target, 0)).isEqualTo(bytes.length);
        assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(bytes));
        region.delete();
        assertThat(names(temp.resolve("cache"))).isZero();
    }

    @Test
    void aFileThatWentPastThePageCacheOnceFailsWithItsDiskAndIsNotGivenToThePageCache() throws IOException {
        Path full = Path.of("/dev/full"); // gives zeros, and takes nothing
        assumeThat(full).exists();
        RegionFiles.Region region = opened(new RegionDirectory(temp.resolve("cache"), file -> FileChannel.open(full, StandardOpenOption.READ, StandardOpenOption.WRITE))).create();
        assertThat(region.read(aligned(RegionFiles.ALIGNMENT), 0)).isEqualTo(RegionFiles.ALIGNMENT);
        assertThatThrownBy(() -> region.write(aligned(RegionFiles.ALIGNMENT), 0)).isInstanceOf(IOException.class);
        assertThat(only(temp.resolve("cache"))).isEmptyFile();
    }

    @Test
    void aFileThatWasClosedMeanwhileIsNotGivenToThePageCache() throws IOException {
        List<FileChannel> direct = new ArrayList<>();
        RegionFiles.Region region = opened(new RegionDirectory(temp.resolve("cache"), file -> {
            direct.add(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
            return direct.get(0);
        })).create();
        direct.get(0).close();
        assertThatThrownBy(() -> region.write(aligned(RegionFiles.ALIGNMENT), 0)).isInstanceOf(ClosedChannelException.class);
        assertThat(only(temp.resolve("cache"))).isEmptyFile();
    }

    @Test
    void afterAFileThatCouldNotBeOpenedPastThePageCacheTheNextIsTriedAnew() throws IOException {
        AtomicInteger opened = new AtomicInteger();
        RegionDirectory files = opened(new RegionDirectory(temp.resolve("cache"), file -> {
            if (opened.incrementAndGet() == 1) {
                throw new IOException("Too many open files");
            }
            return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }));
        for (int i = 1; i <= 2; i++) {
            files.create().write(aligned(RegionFiles.ALIGNMENT), 0);
            assertThat(opened).hasValue(i);
        }
    }

    @Test
    void aDeletedFileIsGone() throws IOException {
        RegionDirectory files = opened(temp.resolve("cache"));
        RegionFiles.Region region = files.create();
        region.write(aligned(RegionFiles.ALIGNMENT), 0);
        RegionFiles.Region other = files.create();
        region.delete();
        assertThat(names(temp.resolve("cache"))).isEqualTo(1);
        other.delete();
        assertThat(names(temp.resolve("cache"))).isZero();
    }

    @Test
    void filesOfAnEarlierProcessAreDeletedAndNothingElse() throws IOException {
        Path directory = temp.resolve("cache");
        opened(directory).create().write(ByteBuffer.allocate(10), 0);
        Files.writeString(directory.resolve("note.txt"), "not ours");
        opened(directory);
        assertThat(names(directory)).isEqualTo(1);
    }

    @Test
    void emptyingMakesNoDirectory() throws IOException {
        new RegionDirectory(temp.resolve("cache")).empty();
        assertThat(temp.resolve("cache")).doesNotExist();
    }

    @Test
    void aDirectoryThatCannotBeMadeFails() throws IOException {
        Path file = Files.createFile(temp.resolve("file"));
        assertThatThrownBy(() -> opened(file.resolve("cache"))).isInstanceOf(IOException.class);
    }

    private static RegionDirectory opened(Path directory) throws IOException {
        return opened(new RegionDirectory(directory));
    }

    private static RegionDirectory opened(RegionDirectory files) throws IOException {
        files.empty();
        files.open();
        return files;
    }

    private static ByteBuffer aligned(int bytes) {
        return ByteBuffer.allocateDirect(bytes + RegionFiles.ALIGNMENT).alignedSlice(RegionFiles.ALIGNMENT).slice(0, bytes);
    }

    private static long names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.count();
        }
    }
}
