package io.firn.it.release;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What this build has packed. */
final class Packed {

    private static final Path TARGET = Path.of("../gateway/release/target").toAbsolutePath().normalize();

    private Packed() {}

    static Path tarball() throws IOException {
        return only("firn-", ".tar.gz");
    }

    static Path deb() throws IOException {
        return only("firn_", ".deb");
    }

    /** Fails where there is none. CycloneDX's plugin does nothing when Maven is offline. */
    static Path billOfMaterials() throws IOException {
        return only("firn-", ".cdx.json");
    }

    static Path thirdParty() {
        return TARGET.resolve("third-party/THIRD-PARTY.txt");
    }

    private static Path only(String begins, String ends) throws IOException {
        try (Stream<Path> files = Files.list(TARGET)) {
            List<Path> found = files.filter(file -> file.getFileName().toString().startsWith(begins) && file.toString().endsWith(ends)).toList();
            if (found.size() != 1) {
                throw new AssertionError("expected one " + begins + "*" + ends + " in " + TARGET + ", found " + found + ": build it first, mvn -pl gateway/release -am package");
            }
            return found.get(0);
        }
    }
}
