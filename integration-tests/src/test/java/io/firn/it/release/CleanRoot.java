package io.firn.it.release;

import static org.junit.jupiter.api.Assumptions.abort;

import io.firn.it.harness.ProcessResult;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A root directory with this machine's own system, and none of what it writes gets out: {@code /usr}, {@code /etc} and {@code /var} are the machine's below a layer in memory that takes the changes;
 * {@code /tmp}, {@code /home}, {@code /run} are empty, of {@code /dev} there are a few single files. So a package is installed with the real dpkg into the real system, and nothing of it is left
 * afterwards. Processes and network are the machine's: it is no container, and systemd does not run in it. Takes root on Linux with overlay file systems.
 *
 * <p>Invariants: all is mounted in a namespace of one process, the keeper, so the machine never sees a mount, and they are gone when the keeper and what was started inside have ended, however that
 * came about; the keeper ends with this JVM, whose pipe it reads. The machine has one directory of it, which is always empty there. Nothing here deletes recursively.
 *
 * <p>For one thread.
 */
final class CleanRoot implements AutoCloseable {

    private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND", "noninteractive", "LC_ALL", "C.UTF-8");
    private static final String SKIPPED = "not tested here, where no root can be made that is thrown away (that takes root, unshare, mounts in memory, dpkg): ";
    private static final String READY = "ready";
    private static final int LIMIT_SECONDS = 60;
    /** Mounts below its first word, proves that a command (the other words) can be run inside, says so, and waits for the end of its input. */
    private static final String KEEPER = """
            set -eu
            memory=$1 root=$1/root
            shift
            mount -t tmpfs -o size=1g tmpfs "$memory"
            mkdir "$root"
            for layered in usr etc var; do
              mkdir "$root/$layered" "$memory/$layered-changes" "$memory/$layered-work"
              mount -t overlay -o "lowerdir=/$layered,upperdir=$memory/$layered-changes,workdir=$memory/$layered-work" overlay "$root/$layered"
            done
            for linked in bin sbin lib lib32 lib64 libx32; do
              [ ! -L "/$linked" ] || ln -s "$(readlink "/$linked")" "$root/$linked"
            done
            mkdir -p "$root/home" "$root/root" "$root/run" "$root/tmp" "$root/var/tmp" "$root/proc" "$root/dev"
            chmod 1777 "$root/tmp"
            mount --bind /proc "$root/proc"
            for device in null zero full random urandom; do
              : >"$root/dev/$device"
              mount --bind "/dev/$device" "$root/dev/$device"
            done
            ln -s /proc/self/fd "$root/dev/fd"
            chroot "$root" "$@" >&2
            echo ready
            exec cat
            """;

    private final Path directory;
    private final Process keeper;

    private CleanRoot(Path directory, Process keeper) {
        this.directory = directory;
        this.keeper = keeper;
    }

    /** Skips the test that asks for it where mounting is not allowed or dpkg is missing. */
    static CleanRoot make() throws IOException, InterruptedException {
        return make("dpkg", "--version");
    }

    /** Skips the test where this command cannot be run inside. */
    static CleanRoot make(String... proof) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("clean-root");
        List<String> line = new ArrayList<>(List.of("unshare", "--mount", "--propagation", "private", "sh", "-c", KEEPER, "keeper", directory.toString()));
        line.addAll(List.of(proof));
        Process keeper;
        try {
            keeper = new ProcessBuilder(line).redirectErrorStream(true).start();
        } catch (IOException noUnshare) {
            Files.delete(directory);
            return abort(SKIPPED + noUnshare.getMessage());
        }
        CleanRoot made = new CleanRoot(directory, keeper);
        Optional<String> failure = made.failure();
        if (failure.isEmpty()) {
            return made;
        }
        made.close();
        return abort(SKIPPED + failure.get());
    }

    /** Empty once the keeper is ready; else the last that it said. */
    private Optional<String> failure() throws IOException {
        BufferedReader output = new BufferedReader(new InputStreamReader(keeper.getInputStream(), StandardCharsets.UTF_8));
        String last = "";
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.equals(READY)) {
                return Optional.empty();
            }
            last = line;
        }
        return Optional.of(last);
    }

    /** Where the machine has it: an empty directory. */
    Path directory() {
        return directory;
    }

    /** Where a path inside lies, as seen from outside. Once the keeper has ended it leads nowhere, whoever has its number then. */
    Path path(String inside) {
        return Path.of("/proc/" + keeper.pid() + "/root" + directory + "/root" + inside);
    }

    /** A command line that runs a command inside, with an environment of its own: what it starts has the process id that it was started with. */
    List<String> inside(Map<String, String> environment, String... command) {
        List<String> line = new ArrayList<>(List.of("nsenter", "--target=" + keeper.pid(), "--mount", "chroot", directory + "/root", "env", "-i", "-C", "/"));
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

    /** The mounts end with the keeper; the directory is removed only if it is empty, which a place where something is mounted cannot be. */
    @Override
    public void close() throws IOException, InterruptedException {
        keeper.getOutputStream().close();
        if (!keeper.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            keeper.destroyForcibly().waitFor();
        }
        Files.delete(directory);
    }
}
