package io.firn.it.harness;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A small file system in memory, to be filled up and made room on. Takes the right to mount: root, on Linux. For one thread. */
public final class SmallDisk implements AutoCloseable {

    private static final Duration MOUNT_LIMIT = Duration.ofSeconds(20);
    private static final int LARGE_PIECE_BYTES = 1 << 16;

    private final Path directory;
    private final Path ballast;

    private SmallDisk(Path directory) {
        this.directory = directory;
        this.ballast = directory.resolve("ballast");
    }

    /** Mounts one of so many MiB at a directory that is made; empty where that is not allowed. */
    public static Optional<SmallDisk> mount(Path directory, int sizeMiB) {
        try {
            Files.createDirectories(directory);
            boolean mounted = ProcessResult.of(List.of("mount", "-t", "tmpfs", "-o", "size=" + sizeMiB + "m", "tmpfs", directory.toString()), "", MOUNT_LIMIT).exitCode() == 0;
            return mounted ? Optional.of(new SmallDisk(directory)) : Optional.empty();
        } catch (UncheckedIOException noSuchCommand) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path directory() {
        return directory;
    }

    /** Takes some of its room. */
    public SmallDisk load(int bytes) {
        try {
            Files.write(ballast, new byte[bytes], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes all the room that is left, to the last byte. */
    public void fill() {
        fill(LARGE_PIECE_BYTES);
        fill(1);
    }

    private void fill(int pieceBytes) {
        byte[] piece = new byte[pieceBytes];
        try (OutputStream out = Files.newOutputStream(ballast, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (true) {
                out.write(piece);
            }
        } catch (IOException noRoomForSoMuch) {
            return;
        }
    }

    /** Gives back what {@link #load} and {@link #fill} took. */
    public void free() {
        try {
            Files.deleteIfExists(ballast);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        ProcessResult.of(List.of("umount", "-l", directory.toString()), "", MOUNT_LIMIT);
    }
}
