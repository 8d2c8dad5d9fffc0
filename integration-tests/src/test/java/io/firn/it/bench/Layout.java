package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where things are.
 *
 * @param root the checkout
 * @param work scratch space for data directories and logs
 * @param before another checkout of Firn to compare with, instead of Apache Kafka
 */
record Layout(Path root, Path work, Optional<Path> before) {

    static Layout of(Path root, Path work, Optional<Path> before) throws IOException {
        Files.createDirectories(work);
        return new Layout(root.toAbsolutePath(), work.toAbsolutePath(), before.map(Path::toAbsolutePath));
    }

    /** The jars of Apache Kafka's broker and tools, as a class path. */
    String kafkaClassPath() {
        return root.resolve("integration-tests/peers/kafka/target/lib") + "/*";
    }

    Path firnLauncher() {
        return root.resolve("firn");
    }

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** An empty directory of that name; what was in it is deleted. */
    Path fresh(String name) throws IOException {
        Path directory = work.resolve(name);
        delete(directory);
        return Files.createDirectories(directory);
    }

    static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
