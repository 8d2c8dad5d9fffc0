package io.firn.it.cold;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A copy of a directory that nobody writes to while it is made, or brought back. For one thread.
 *
 * @param original comes back as it was, with what the file system keeps beside the bytes: the S3 server has its objects' facts there
 */
record SavedTree(Path original, Path copy) {

    static SavedTree of(Path original, Path copy) throws IOException {
        copyTree(original, copy);
        return new SavedTree(original, copy);
    }

    void restore() throws IOException {
        deleteTree(original);
        copyTree(copy, original);
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Files.copy(path, to.resolve(from.relativize(path)), StandardCopyOption.COPY_ATTRIBUTES);
            }
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }
}
