package io.firn.cold.file;

import java.nio.file.Path;

/**
 * Maps object keys to paths below a root, one directory a key segment, names as they are.
 *
 * <p>A segment longer than {@value #NAME_LIMIT} characters (file systems allow 255; a topic's name and id together have up to 272) continues in a
 * directory whose name ends in {@code ~}: {@code abc~/def} stands for the segment {@code abcdef}. No key contains {@code ~}, so neither these nor the
 * temporary files in {@value #TEMP_DIRECTORY} can meet an object.
 *
 * <p>Pure and stateless. Keys have passed {@link io.firn.cold.ObjectKeys#checked}, which is what keeps every path below the root.
 */
final class KeyPaths {

    static final int NAME_LIMIT = 240;

    static final String CONTINUATION = "~";

    static final String TEMP_DIRECTORY = "~tmp";

    private KeyPaths() {}

    static Path path(Path root, String key) {
        Path path = root;
        for (String segment : key.split("/")) {
            String rest = segment;
            while (rest.length() > NAME_LIMIT) {
                path = path.resolve(rest.substring(0, NAME_LIMIT) + CONTINUATION);
                rest = rest.substring(NAME_LIMIT);
            }
            path = path.resolve(rest);
        }
        return path;
    }
}
