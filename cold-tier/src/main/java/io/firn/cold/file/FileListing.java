package io.firn.cold.file;

import io.firn.cold.ObjectPage;
import io.firn.cold.StoredObject;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One page of the keys below a root, in key order: a depth-first walk that skips directories which cannot hold a wanted key.
 *
 * <p>Order: a directory sorts as its name followed by a slash, since that is how all keys in it go on; so {@code a-b} comes before {@code a/c}, and {@code a/c} before
 * {@code a0}. Each page reads every directory on its way once, whole: the cost is that of the largest directory, not of the tree. What is created or deleted during the walk may or may not appear.
 *
 * <p>Confined to the thread that calls {@link #page}; used once.
 */
final class FileListing {

    private record Child(Path path, String name, boolean directory) {
        String sortKey() {
            return directory ? name + "/" : name;
        }
    }

    private final String prefix;
    private final String startAfter;
    private final int maxKeys;
    private final List<StoredObject> found = new ArrayList<>();
    private boolean more;

    private FileListing(String prefix, String startAfter, int maxKeys) {
        this.prefix = prefix;
        this.startAfter = startAfter;
        this.maxKeys = maxKeys;
    }

    static ObjectPage page(Path root, String prefix, String startAfter, int maxKeys) throws IOException {
        FileListing listing = new FileListing(prefix, startAfter, maxKeys);
        listing.walk(root, "");
        return new ObjectPage(listing.found, listing.more);
    }

    private void walk(Path directory, String logical) throws IOException {
        List<Child> children = new ArrayList<>();
        collect(directory, "", children);
        children.sort(Comparator.comparing(Child::sortKey));
        for (Child child : children) {
            if (more) {
                return;
            }
            String key = logical + child.sortKey();
            if (child.directory() && mayHoldWanted(key)) {
                walk(child.path(), key);
            } else if (!child.directory() && key.startsWith(prefix) && key.compareTo(startAfter) > 0) {
                add(child.path(), key);
            }
        }
    }

    /** Whether a directory whose keys all begin with {@code start} can hold one with the prefix that is greater than {@code startAfter}. */
    private boolean mayHoldWanted(String start) {
        boolean prefixed = start.startsWith(prefix) || prefix.startsWith(start);
        return prefixed && (start.compareTo(startAfter) > 0 || startAfter.startsWith(start));
    }

    private void add(Path path, String key) throws IOException {
        if (found.size() == maxKeys) {
            more = true;
            return;
        }
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            found.add(new StoredObject(key, attributes.size(), attributes.lastModifiedTime().toMillis()));
        } catch (NoSuchFileException e) {
            return; // deleted since the directory was read
        }
    }

    private static void collect(Path directory, String namePrefix, List<Child> into) throws IOException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                collectEntry(entry, namePrefix, into);
            }
        } catch (NoSuchFileException | NotDirectoryException e) {
            return; // pruned since its parent was read
        }
    }

    private static void collectEntry(Path entry, String namePrefix, List<Child> into) throws IOException {
        String name = entry.getFileName().toString();
        if (name.equals(KeyPaths.TEMP_DIRECTORY)) {
            return;
        }
        if (name.endsWith(KeyPaths.CONTINUATION)) {
            collect(entry, namePrefix + name.substring(0, name.length() - 1), into);
        } else {
            into.add(new Child(entry, namePrefix + name, Files.isDirectory(entry)));
        }
    }
}
