package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegionDirectoryTest {

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
