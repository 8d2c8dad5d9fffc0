package io.firn.cold.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TempSpaceTest {

    private static final int THREADS = 8;
    private static final int OPENINGS = 300;

    @TempDir
    Path root;

    /** As brokers of one machine do that are started together. */
    @Test
    void manyThatOpenOneStoreTogetherEachHaveAPlaceOfTheirOwn() throws Exception {
        ExecutorService openers = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                all.add(openers.submit(() -> {
                    for (int opening = 0; opening < OPENINGS; opening++) {
                        try (TempSpace space = TempSpace.open(root)) {
                            Files.writeString(space.newFile(), "half-written");
                            assertThat(space.present()).isTrue();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            openers.shutdownNow();
        }
        try (Stream<Path> left = Files.list(root.resolve(KeyPaths.TEMP_DIRECTORY))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void whatTheDeadHaveLeftIsGoneWithTheNextOpening() throws Exception {
        Path all = Files.createDirectories(root.resolve(KeyPaths.TEMP_DIRECTORY));
        Files.createDirectory(all.resolve("made-only"));
        Path dead = Files.createDirectory(all.resolve("dead"));
        Files.createFile(dead.resolve("lock"));
        Files.writeString(dead.resolve("7"), "half-written");
        try (TempSpace alive = TempSpace.open(root); TempSpace next = TempSpace.open(root)) {
            assertThat(alive.present()).isTrue();
            assertThat(next.present()).isTrue();
            try (Stream<Path> left = Files.list(all)) {
                assertThat(left).hasSize(2);
            }
        }
    }
}
