package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Clocks of processes that are wrong: by libfaketime, where it is installed, or of {@code -Dfirn.faketime=LIBRARY}. Their monotonic clock is left alone, as a wrong wall clock leaves it. */
public final class FakeTime {

    private static final Path LIBRARIES = Path.of("/usr/lib");
    private static final String NAME = "libfaketimeMT.so.1";

    private FakeTime() {}

    /** The library, if there is one. */
    public static Optional<Path> library() {
        String given = System.getProperty("firn.faketime");
        return given == null ? installed() : Optional.of(Path.of(given));
    }

    private static Optional<Path> installed() {
        if (!Files.isDirectory(LIBRARIES)) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> found = Files.newDirectoryStream(LIBRARIES, directory -> Files.exists(directory.resolve("faketime").resolve(NAME)))) {
            for (Path directory : found) {
                return Optional.of(directory.resolve("faketime").resolve(NAME));
            }
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a process has to be given for its clock to be ahead by so many seconds, or behind. */
    public static Map<String, String> ahead(Path library, int seconds) {
        return Map.of("LD_PRELOAD", library.toString(), "FAKETIME", String.format("%+ds", seconds), "FAKETIME_DONT_FAKE_MONOTONIC", "1", "FAKETIME_DONT_RESET", "1");
    }
}
