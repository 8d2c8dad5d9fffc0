package io.firn.cold.store;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that was opened to be read reads as any other, and refuses the rest without asking anybody. */
class ReadOnlyObjectStoreTest {

    private static final byte[] BYTES = "what is there".getBytes(US_ASCII);
    private static final Map<String, Function<ObjectStore, CompletableFuture<?>>> CHANGES = Map.of(
            "creating a", store -> store.putIfAbsent("a", ByteBuffer.wrap(BYTES)),
            "writing b", store -> store.put("b", UploadSource.of(ByteBuffer.wrap(BYTES))),
            "deleting there", store -> store.delete("there"),
            "deleting 2 objects", store -> store.deleteAll(List.of("there", "other")));

    @TempDir
    Path directory;

    private static void assertRefused(ObjectStore store) {
        CHANGES.forEach((what, change) -> assertThatThrownBy(() -> change.apply(store).join()).as(what).isInstanceOf(CompletionException.class).cause()
                .isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining(store.location()).hasMessageContaining(what + " is refused"));
    }

    private static void assertRead(ObjectStore store) {
        ByteBuffer part = ByteBuffer.allocate(4);
        store.get("there", 5, part).join();
        assertThat(part.array()).isEqualTo("is t".getBytes(US_ASCII));
        ByteBuffer told = ByteBuffer.allocate(4);
        store.get("there", 5, List.of(told), full -> {}).join();
        assertThat(told).isEqualTo(part);
        assertThat(store.getSmall("there").join()).isEqualTo(ByteBuffer.wrap(BYTES));
        assertThat(store.head("there").join()).hasValueSatisfying(object -> assertThat(object.sizeBytes()).isEqualTo(BYTES.length));
        assertThat(store.head("elsewhere").join()).isEmpty();
        assertThat(store.list("", "", 10).join().objects()).hasSize(1);
    }

    @Test
    void readsGoThroughAndWhateverChangesTheStoreIsRefusedBeforeItGetsThere() {
        SimObjectStore objects = new SimObjectStore();
        objects.put("there", UploadSource.of(ByteBuffer.wrap(BYTES))).join();
        int before = objects.requests();
        try (ObjectStore store = new ReadOnlyObjectStore(objects)) {
            assertRefused(store);
            assertThat(objects.requests()).as("requests").isEqualTo(before);
            assertRead(store);
            assertThat(objects.requests(Operation.PUT)).isOne();
        }
    }

    @Test
    void aDirectoryThatIsOpenedToBeReadStaysAsItIs() throws IOException {
        Files.write(directory.resolve("there"), BYTES);
        Collection<Path> before = files();
        try (ObjectStore store = ObjectStores.openToRead(ObjectStoreConfig.ofDirectory(directory), new SimpleMeterRegistry())) {
            assertRead(store);
            assertRefused(store);
        }
        assertThat(files()).isEqualTo(before);
        Path absent = directory.resolve("absent");
        assertThatThrownBy(() -> ObjectStores.openToRead(ObjectStoreConfig.ofDirectory(absent), new SimpleMeterRegistry())).isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(absent).doesNotExist();
    }

    private Collection<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.sorted().toList();
        }
    }
}
