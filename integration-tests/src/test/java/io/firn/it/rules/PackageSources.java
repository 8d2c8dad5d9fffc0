package io.firn.it.rules;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The source trees beside this module. */
final class PackageSources {

    private static final Path ROOT = Path.of(System.getProperty("basedir", System.getProperty("user.dir"))).toAbsolutePath().getParent();

    private PackageSources() {}

    /** Whether some module has a {@code package-info.java} for the package. */
    static boolean described(String packageName) {
        return Stream.of("hot-tier", "cold-tier", "membership", "retention", "gateway")
                .anyMatch(module -> Files.isRegularFile(ROOT.resolve(module).resolve("src/main/java").resolve(packageName.replace('.', '/')).resolve("package-info.java")));
    }
}
