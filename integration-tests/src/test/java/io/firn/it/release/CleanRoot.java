package io.firn.it.release;

import io.firn.it.harness.ProcessResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A root directory with this machine's own system, and none of what it writes gets out: {@code /usr}, {@code /etc} and {@code /var} are the machine's below a layer in memory that takes the changes;
 * {@code /tmp}, {@code /home}, {@code /run} are empty. So a package is installed with the real dpkg into the real system, and nothing of it is left afterwards. Processes and network are the machine's:
 * it is no container, and systemd does not run in it. Takes root on Linux with overlay file systems.
 *
 * <p>For one thread.
 */
final class CleanRoot implements AutoCloseable {

    private static final List<String> LAYERED = List.of("usr", "etc", "var");
    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND", "noninteractive", "LC_ALL", "C.UTF-8");

    private final Path memory;
    private final Path root;
    private final List<Path> mounted = new ArrayList<>();

    private CleanRoot(Path directory) {
        this.memory = directory.resolve("memory");
        this.root = directory.resolve("root");
    }

    /** Empty where mounting is not allowed or dpkg is missing. */
    static Optional<CleanRoot> in(Path directory) throws IOException {
        CleanRoot made = new CleanRoot(directory);
        if (made.mount() && made.tried("dpkg", "--version").exitCode() == 0) {
            return Optional.of(made);
        }
        made.close();
        return Optional.empty();
    }

    private boolean mount() throws IOException {
        Files.createDirectories(root);
        if (!mount(memory, "-t", "tmpfs", "-o", "size=1g", "tmpfs")) {
            return false;
        }
        for (String layered : LAYERED) {
            Path upper = Files.createDirectories(memory.resolve(layered + "-changes"));
            Path work = Files.createDirectories(memory.resolve(layered + "-work"));
            if (!mount(root.resolve(layered), "-t", "overlay", "-o", "lowerdir=/" + layered + ",upperdir=" + upper + ",workdir=" + work, "overlay")) {
                return false;
            }
        }
        for (String linked : List.of("bin", "sbin", "lib", "lib32", "lib64", "libx32")) {
            Path own = Path.of("/", linked);
            if (Files.isSymbolicLink(own)) {
                Files.createSymbolicLink(root.resolve(linked), Files.readSymbolicLink(own));
            }
        }
        for (String empty : List.of("home", "root", "run", "tmp", "var/tmp")) {
            Files.createDirectories(root.resolve(empty));
        }
        Shell.run("chmod", "1777", root.resolve("tmp").toString());
        return mount(root.resolve("proc"), "--bind", "/proc") && mount(root.resolve("dev"), "--bind", "/dev");
    }

    private boolean mount(Path at, String... what) throws IOException {
        Files.createDirectories(at);
        try {
            ProcessResult result = Shell.tried(Stream.of(Stream.of("mount"), Stream.of(what), Stream.of(at.toString())).flatMap(words -> words).toArray(String[]::new));
            if (result.exitCode() == 0) {
                mounted.add(0, at);
            }
            return result.exitCode() == 0;
        } catch (UncheckedIOException noSuchCommand) {
            return false;
        }
    }

    /** Where it lies, as seen from outside. */
    Path path(String inside) {
        return root.resolve(inside.substring(1));
    }

    /** A command line that runs a command inside, with an environment of its own: what it starts has the process id that it was started with. */
    List<String> inside(Map<String, String> environment, String... command) {
        List<String> line = new ArrayList<>(List.of("chroot", root.toString(), "env", "-i", "-C", "/"));
        ENVIRONMENT.forEach((name, value) -> line.add(name + "=" + value));
        environment.forEach((name, value) -> line.add(name + "=" + value));
        line.addAll(List.of(command));
        return line;
    }

    ProcessResult tried(String... command) {
        return Shell.tried(inside(Map.of(), command).toArray(String[]::new));
    }

    ProcessResult run(String... command) {
        return tried(command).succeeded();
    }

    @Override
    public void close() {
        mounted.forEach(at -> Shell.tried("umount", "-l", at.toString()));
    }
}
