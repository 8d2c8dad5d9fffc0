package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
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
        RegionDirectory files = new RegionDirectory(directory);
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
