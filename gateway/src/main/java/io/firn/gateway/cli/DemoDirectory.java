package io.firn.gateway.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Predicate;

/**
 * The demo's temporary directory: what lies in each tier, and its removal. Thread-safe: holds only paths. Files may come and go while it looks.
 *
 * @param root removed with everything in it by {@link #delete}
 */
record DemoDirectory(Path root) {

    private static final String SEGMENT_LOG = "\\d{20}\\.log";

    /**
     * @param files how many
     * @param bytes their sizes together
     */
    record Content(long files, long bytes) {}

    static DemoDirectory create() throws IOException {
        return new DemoDirectory(Files.createTempDirectory("firn-demo-"));
    }

    Path data() {
        return root.resolve("data");
    }

    Path cold() {
        return root.resolve("cold");
    }

    /** Segment files on the local disk. */
    Content localSegments() throws IOException {
        return count(data(), name -> name.matches(SEGMENT_LOG));
    }

    /** Segment objects in the object store. */
    Content coldSegments() throws IOException {
        return count(cold(), name -> name.endsWith(".segment"));
    }

    private static Content count(Path below, Predicate<String> wanted) throws IOException {
        long[] sums = new long[2];
        Files.walkFileTree(below, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (wanted.test(file.getFileName().toString())) {
                    sums[0]++;
                    sums[1] += attributes.size();
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException refused) throws IOException {
                return gone(refused);
            }
        });
        return new Content(sums[0], sums[1]);
    }

    /** Removes it all. A file that goes by itself meanwhile is no error. */
    void delete() throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException refused) throws IOException {
                return gone(refused);
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failed) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static FileVisitResult gone(IOException refused) throws IOException {
        if (refused instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        throw refused;
    }
}
