package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Disk} does while the power stays on. */
abstract class DiskContractTest {

    private Disk disk;
    private Path root;

    abstract Disk disk();

    abstract Path root();

    @BeforeEach
    void start() throws IOException {
        disk = disk();
        root = root();
        disk.createDirectories(root);
    }

    @Test
    void appendsAreReadBackInOrderFromAnyPosition() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("hello "), ByteBuffer.allocate(0), bytes("world"));
            file.append(bytes("!"));
            assertThat(file.sizeBytes()).isEqualTo(12);
            assertThat(read(file, 6, 6)).isEqualTo("world!");
            assertThat(read(file, 6, 100)).isEqualTo("world!");
            assertThat(read(file, 12, 10)).isEmpty();
            assertThat(read(file, 50, 10)).isEmpty();
        }
    }

    @Test
    void appendConsumesItsBuffersWhateverTheirSizesAndKinds() throws IOException {
        Random random = new Random(7);
        try (DiskFile file = disk.create(root.resolve("a"))) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            for (int size : new int[] {1, 100, 64 << 10, 256 << 10, (256 << 10) + 1, 700_000}) {
                byte[] data = new byte[size];
                random.nextBytes(data);
                ByteBuffer direct = ByteBuffer.allocateDirect(size).put(data).flip();
                ByteBuffer heap = ByteBuffer.wrap(data);
                file.append(heap, direct);
                assertThat(heap.hasRemaining() || direct.hasRemaining()).isFalse();
                expected.writeBytes(data);
                expected.writeBytes(data);
            }
            ByteBuffer all = ByteBuffer.allocate(expected.size());
            assertThat(file.read(all, 0)).isEqualTo(expected.size());
            assertThat(all.array()).isEqualTo(expected.toByteArray());
        }
    }

    @Test
    void openContinuesAtTheEnd() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("one"));
        }
        try (DiskFile file = disk.open(root.resolve("a"))) {
            assertThat(file.sizeBytes()).isEqualTo(3);
            file.append(bytes("two"));
            assertThat(read(file, 0, 9)).isEqualTo("onetwo");
        }
    }

    @Test
    void truncateCutsAndTheNextAppendGoesThere() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("abcdef"));
            file.truncate(2);
            assertThat(file.sizeBytes()).isEqualTo(2);
            file.append(bytes("X"));
            file.force();
            assertThat(read(file, 0, 9)).isEqualTo("abX");
        }
    }

    @Test
    void transferSendsTheRange() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("abcdef"));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertThat(file.transferTo(2, 3, Channels.newChannel(out))).isEqualTo(3);
            assertThat(file.transferTo(5, 30, Channels.newChannel(out))).isEqualTo(1);
            assertThat(file.transferTo(6, 30, Channels.newChannel(out))).isZero();
            assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("cdef");
        }
    }

    @Test
    void preloadReadsWhatThereIsAndChangesNothing() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("abcdef"));
            file.preload(2, 100, ByteBuffer.allocate(2));
            file.preload(6, 100, ByteBuffer.allocate(2));
            file.append(bytes("g"));
            ByteBuffer all = ByteBuffer.allocate(7);
            assertThat(file.read(all, 0)).isEqualTo(7);
            assertThat(all.array()).isEqualTo("abcdefg".getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void createRefusesAnExistingNameAndOpenAMissingOne() throws IOException {
        disk.create(root.resolve("a")).close();
        assertThatThrownBy(() -> disk.create(root.resolve("a"))).isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> disk.open(root.resolve("b"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.list(root.resolve("b"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.delete(root.resolve("b"))).isInstanceOf(NoSuchFileException.class);
        assertThatThrownBy(() -> disk.rename(root.resolve("b"), root.resolve("c"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void listsNamesSortedAndCreatesDirectoriesOnlyOnce() throws IOException {
        disk.createDirectories(root.resolve("y/z"));
        disk.createDirectories(root.resolve("y"));
        disk.create(root.resolve("x")).close();
        assertThat(disk.list(root)).containsExactly("x", "y");
        assertThat(disk.list(root.resolve("y"))).containsExactly("z");
        assertThat(disk.exists(root.resolve("y/z"))).isTrue();
        assertThat(disk.exists(root.resolve("y/q"))).isFalse();
    }

    @Test
    void renameReplacesAFileButNotADirectory() throws IOException {
        write("a", "new");
        write("b", "old");
        disk.createDirectories(root.resolve("d"));
        disk.rename(root.resolve("a"), root.resolve("b"));
        assertThat(disk.list(root)).containsExactly("b", "d");
        try (DiskFile file = disk.open(root.resolve("b"))) {
            assertThat(read(file, 0, 9)).isEqualTo("new");
        }
        assertThatThrownBy(() -> disk.rename(root.resolve("b"), root.resolve("d"))).isInstanceOf(FileAlreadyExistsException.class);
        disk.forceDirectory(root);
    }

    @Test
    void aDeletedFileStaysReadableThroughItsHandle() throws IOException {
        write("a", "data");
        try (DiskFile file = disk.open(root.resolve("a"))) {
            disk.delete(root.resolve("a"));
            assertThat(disk.exists(root.resolve("a"))).isFalse();
            assertThat(read(file, 0, 9)).isEqualTo("data");
        }
    }

    @Test
    void aLockIsGivenToOneHolderAtATime() throws IOException {
        Path file = root.resolve(".lock");
        Optional<Closeable> first = disk.lock(file);
        assertThat(first).isPresent();
        assertThat(disk.lock(file)).isEmpty();
        first.orElseThrow().close();
        Optional<Closeable> second = disk.lock(file);
        assertThat(second).isPresent();
        second.orElseThrow().close();
    }

    @Test
    void aPendingInterruptDoesNotCloseTheFileUnderAReader() throws IOException {
        try (DiskFile file = disk.create(root.resolve("a"))) {
            file.append(bytes("data"));
            Thread.currentThread().interrupt();
            assertThat(read(file, 0, 4)).isEqualTo("data");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(read(file, 0, 4)).isEqualTo("data");
        }
    }

    @Test
    void aClosedHandleRefuses() throws IOException {
        DiskFile file = disk.create(root.resolve("a"));
        file.close();
        file.close();
        assertThatThrownBy(() -> file.append(bytes("x"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read(file, 0, 1)).isInstanceOf(IOException.class);
    }

    @Test
    void knowsItsRoom() throws IOException {
        assertThat(disk.totalBytes(root)).isPositive();
        assertThat(disk.usableBytes(root)).isPositive().isLessThanOrEqualTo(disk.totalBytes(root));
        assertThatThrownBy(() -> disk.usableBytes(root.resolve("missing"))).isInstanceOf(IOException.class);
        write("a", "x");
        assertThat(disk.lastModifiedMs(root.resolve("a"))).isPositive();
    }

    private void write(String name, String text) throws IOException {
        try (DiskFile file = disk.create(root.resolve(name))) {
            file.append(bytes(text));
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String read(DiskFile file, long position, int size) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(size);
        int count = file.read(target, position);
        assertThat(count).isEqualTo(target.position());
        return new String(target.array(), 0, count, StandardCharsets.UTF_8);
    }
}
