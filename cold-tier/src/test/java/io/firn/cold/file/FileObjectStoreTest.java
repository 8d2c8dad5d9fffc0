package io.firn.cold.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreContract;
import io.firn.cold.UploadSource;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The directory keeps the contract; and what a crash, a neighbour, or a vanished directory does to it. */
class FileObjectStoreTest extends ObjectStoreContract {

    @TempDir
    private Path directory;

    private FileObjectStore store;

    @BeforeEach
    void open() {
        store = FileObjectStore.open(directory.resolve("objects"), 16);
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Override
    protected void fill(List<String> keys) throws IOException {
        for (String key : keys) {
            Files.createDirectories(root().resolve(key).getParent());
            Files.writeString(root().resolve(key), "x");
        }
    }

    private Path root() {
        return directory.resolve("objects");
    }

    private List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.walk(root().resolve(KeyPaths.TEMP_DIRECTORY))) {
            return files.filter(Files::isRegularFile).filter(file -> !file.endsWith("lock")).toList();
        }
    }

    @Test
    void aKeyIsThePathOfAPlainFile() throws IOException {
        await(store.putIfAbsent("topics/t-1/0/x.segment", utf8("bytes")));
        assertThat(root().resolve("topics/t-1/0/x.segment")).hasContent("bytes");
        assertThat(temporaryFiles()).isEmpty();
    }

    /** The JDK copies through direct memory, and keeps that for the thread. */
    @Test
    void whatGoesToTheHeapTakesLittleDirectMemory() {
        int size = 24 << 20;
        await(store.put("large", UploadSource.of(ByteBuffer.allocate(size))));
        BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream().filter(pool -> pool.getName().equals("direct")).findAny().orElseThrow();
        long before = direct.getTotalCapacity();
        await(store.get("large", 0, ByteBuffer.allocate(size)));
        assertThat(direct.getTotalCapacity() - before).isLessThan(8 << 20);
    }

    @Test
    void aSegmentLongerThanAFileNameIsAllowedAndListedInOrder() {
        String topic = "t".repeat(249);
        List<String> keys = List.of(topic + "-a", topic + "-a/x", topic + "-b/y", topic.substring(0, 240) + "/z", "t".repeat(700) + "/k").stream().sorted()
                .filter(key -> !key.equals(topic + "-a")).toList();
        keys.forEach(key -> await(store.putIfAbsent(key, utf8("x"))));
        assertThat(await(store.list("", "", 10)).objects()).extracting(object -> object.key()).isEqualTo(keys);
        assertThat(await(store.list(topic + "-", "", 10)).objects()).hasSize(2);
        await(store.deleteAll(keys));
        assertThat(await(store.list("", "", 10)).objects()).isEmpty();
    }

    @Test
    void deletingTheLastObjectRemovesTheEmptyDirectories() {
        await(store.putIfAbsent("a/b/c/d", utf8("x")));
        await(store.putIfAbsent("a/e", utf8("x")));
        await(store.delete("a/b/c/d"));
        assertThat(root().resolve("a/b")).doesNotExist();
        assertThat(root().resolve("a/e")).exists();
    }

    @Test
    void creatingWhileTheDirectoryIsBeingPrunedLosesNothing() {
        for (int round = 0; round < 30; round++) {
            String key = "p/q/r" + round;
            CompletableFuture<?> created = store.putIfAbsent(key, utf8("x"));
            List<CompletableFuture<Void>> others = IntStream.range(0, 8)
                    .mapToObj(i -> store.putIfAbsent("p/q/" + i, utf8("y")).thenCompose(outcome -> store.delete("p/q/" + i))).toList();
            await(created);
            others.forEach(ObjectStoreContract::await);
            assertThat(await(store.getSmall(key)).remaining()).isOne();
            await(store.delete(key));
        }
    }

    @Test
    void whatACrashLeftHalfWrittenIsSweptAndAbandonedNamesStayInvisible() throws IOException {
        Path dead = Files.createDirectories(root().resolve(KeyPaths.TEMP_DIRECTORY).resolve("dead-process"));
        Files.createFile(dead.resolve("lock"));
        Files.writeString(dead.resolve("0"), "half a seg");
        assertThat(await(store.list("", "", 10)).objects()).isEmpty();
        try (FileObjectStore next = FileObjectStore.open(root(), 1)) {
            assertThat(dead).doesNotExist();
            await(store.putIfAbsent("still/works", utf8("x")));
            assertThat(await(next.head("still/works"))).isPresent();
        }
    }

    @Test
    void twoStoresOverOneDirectorySeeEachOthersObjectsAndOneWins() {
        try (FileObjectStore other = FileObjectStore.open(root(), 2)) {
            assertThat(await(store.putIfAbsent("one", utf8("x")))).isEqualTo(ObjectStore.PutOutcome.CREATED);
            assertThat(await(other.putIfAbsent("one", utf8("y")))).isEqualTo(ObjectStore.PutOutcome.EXISTED);
        }
    }

    @Test
    void aKeyBelowAnObjectIsRefusedAsMisconfigured() {
        await(store.putIfAbsent("a/b", utf8("x")));
        assertFails(ColdStoreException.Misconfigured.class, store.putIfAbsent("a/b/c", utf8("x")));
        assertFails(ColdStoreException.Missing.class, store.getSmall("a/b/c"));
        assertThat(await(store.head("a/b/c/d"))).isEmpty();
        assertFails(ColdStoreException.Misconfigured.class, store.putIfAbsent("a", utf8("x")));
        assertFails(ColdStoreException.Misconfigured.class, store.put("a", UploadSource.of(utf8("x"))));
    }

    @Test
    void aDirectoryThatVanishedIsUnavailableNotEmpty() throws IOException {
        await(store.putIfAbsent("a", utf8("x")));
        Files.move(root(), directory.resolve("moved"));
        assertFails(ColdStoreException.Unavailable.class, store.getSmall("a"));
        assertFails(ColdStoreException.Unavailable.class, store.head("a"));
        assertFails(ColdStoreException.Unavailable.class, store.list("", "", 1));
        assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("b", utf8("x")));
        assertFails(ColdStoreException.Unavailable.class, store.put("b", UploadSource.of(utf8("x"))));
        Files.createDirectory(root());
        assertFails(ColdStoreException.Unavailable.class, store.getSmall("a"));
        assertFails(ColdStoreException.Unavailable.class, store.list("", "", 1));
        Files.delete(root());
        Files.move(directory.resolve("moved"), root());
        assertThat(await(store.getSmall("a")).remaining()).isOne();
    }

    @Test
    void aFailedUploadLeavesNoTemporaryFile() throws IOException {
        UploadSource failing = new UploadSource() {
            @Override
            public long sizeBytes() {
                return 3 << 20;
            }

            @Override
            public void read(long position, ByteBuffer target) throws IOException {
                if (position > 0) {
                    throw new IOException("gone");
                }
                target.position(target.limit());
            }
        };
        assertFails(ColdStoreException.SourceFailed.class, store.put("x", failing));
        assertThat(temporaryFiles()).isEmpty();
    }

    @Test
    void aPlaceThatIsNoDirectoryIsMisconfigured() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(() -> FileObjectStore.open(file, 1)).isInstanceOf(ColdStoreException.Misconfigured.class);
    }
}
