package io.firn.gateway.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Lines of real text from this machine: every text file below the inputs, also gzipped ones, up to a limit that bounds the memory.
 * Confined to one thread.
 */
final class DemoText {

    /** Where systems keep documentation and source text. */
    private static final List<String> USUAL_PLACES = List.of("/usr/share/doc", "/usr/share/man", "/usr/include", "/usr/lib/python3", "/usr/share/perl5",
            "/usr/local/share/man", "/opt/homebrew/share/man");

    private static final int READ_BYTES = 1 << 16;
    /** A longer line is cut, so that a file without line feeds gives records of a sane size. */
    private static final int MAX_LINE_BYTES = 1 << 16;

    private final byte[] text;
    private final byte[] readBuffer = new byte[READ_BYTES];
    private int[] lineEnds = new int[1 << 16];
    private int lines;
    private int size;
    private int files;
    private int unreadable;

    private DemoText(int maxBytes) {
        text = new byte[maxBytes];
    }

    /**
     * @param inputs files or directories
     * @param maxBytes how much to keep
     */
    static DemoText load(List<Path> inputs, int maxBytes) throws IOException {
        DemoText loaded = new DemoText(maxBytes);
        for (Path input : inputs) {
            Files.walkFileTree(input, loaded.new Collector());
        }
        return loaded;
    }

    /** The usual places that exist here, and the licences that come with the running Java. */
    static List<Path> usualPlaces() {
        return Stream.concat(USUAL_PLACES.stream().map(Path::of), Stream.of(Path.of(System.getProperty("java.home"), "legal")))
                .filter(Files::isDirectory).toList();
    }

    int lines() {
        return lines;
    }

    int sizeBytes() {
        return size;
    }

    int files() {
        return files;
    }

    int unreadable() {
        return unreadable;
    }

    /** A copy of one line, without its end; {@code index} from 0 to {@link #lines()}. */
    byte[] line(int index) {
        return Arrays.copyOfRange(text, index == 0 ? 0 : lineEnds[index - 1], lineEnds[index]);
    }

    private final class Collector extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && attributes.size() > 0) {
                read(file);
            }
            return size < text.length ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException refused) {
            unreadable++;
            return FileVisitResult.CONTINUE;
        }
    }

    private void read(Path file) {
        try (InputStream in = open(file)) {
            if (addLines(in)) {
                files++;
            }
        } catch (IOException refused) {
            // Text that this user may not read, or a .gz that is none, is passed over and counted.
            unreadable++;
            endLine();
        }
    }

    private static InputStream open(Path file) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), READ_BYTES);
        return file.toString().endsWith(".gz") ? new GZIPInputStream(raw, READ_BYTES) : raw;
    }

    /** Adds the lines of a stream, unless its first bytes are not text. */
    private boolean addLines(InputStream in) throws IOException {
        int read = in.readNBytes(readBuffer, 0, READ_BYTES);
        if (binary(readBuffer, read)) {
            return false;
        }
        while (read > 0 && size < text.length) {
            addLines(readBuffer, read);
            read = in.read(readBuffer, 0, READ_BYTES);
        }
        endLine();
        return true;
    }

    private void addLines(byte[] bytes, int count) {
        for (int i = 0; i < count && size < text.length; i++) {
            if (bytes[i] == '\n') {
                endLine();
                continue;
            }
            text[size++] = bytes[i];
            if (size - lineStart() == MAX_LINE_BYTES) {
                endLine();
            }
        }
    }

    private int lineStart() {
        return lines == 0 ? 0 : lineEnds[lines - 1];
    }

    /** Blank lines are no record worth sending. */
    private void endLine() {
        if (size == lineStart()) {
            return;
        }
        if (lines == lineEnds.length) {
            lineEnds = Arrays.copyOf(lineEnds, lines * 2);
        }
        lineEnds[lines++] = size;
    }

    private static boolean binary(byte[] bytes, int count) {
        for (int i = 0; i < count; i++) {
            if (bytes[i] == 0) {
                return true;
            }
        }
        return false;
    }

    /** The inputs the user named, or the usual places. */
    static List<Path> inputs(List<Path> named) {
        for (Path input : named) {
            if (!Files.isReadable(input)) {
                throw new CliFailure(Main.USAGE, "--input " + input + " cannot be read");
            }
        }
        return named.isEmpty() ? usualPlaces() : named;
    }
}
