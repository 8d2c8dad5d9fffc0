package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where things lie in this module. */
final class Layout {

    private static final Path MODULE = Path.of(System.getProperty("basedir", System.getProperty("user.dir"))).toAbsolutePath();

    private Layout() {}

    /** Directory of logs of child processes, below {@code target}. */
    static Path logs() {
        Path logs = MODULE.resolve("target/it-logs");
        try {
            return Files.createDirectories(logs);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Directory of {@link ClassArchive}s, below {@code target}. */
    static Path archives() {
        return MODULE.resolve("target/it-archives");
    }

    static Path testClasses() {
        return MODULE.resolve("target/test-classes");
    }

    /** The jars of a peer, such as {@code kafka}. */
    static Path peer(String name) {
        Path lib = MODULE.resolve("peers").resolve(name).resolve("target/lib");
        if (!Files.isDirectory(lib)) {
            throw new IllegalStateException("No jars of peer " + name + ": build it first, mvn -pl integration-tests/peers/" + name + " package");
        }
        return lib;
    }
}
