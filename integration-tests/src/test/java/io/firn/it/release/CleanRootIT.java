package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opentest4j.TestAbortedException;

/** That the root in which packages are installed can never cost the machine a file. */
@Timeout(300)
class CleanRootIT {

    @Test
    void theMachineSeesNoMountAndAnEmptyDirectory() throws Exception {
        Path directory;
        try (CleanRoot root = CleanRoot.make()) {
            directory = root.directory();
            assertThat(mountsBelow(directory)).isEmpty();
            assertThat(directory).isEmptyDirectory();
            assertThat(names(root.path("/dev"))).as("single devices, never the machine's directory of them").containsExactly("fd", "full", "null", "random", "urandom", "zero");

            root.run("touch", "/usr/firn-was-here", "/etc/firn-was-here", "/var/firn-was-here", "/dev/firn-was-here");
            for (String written : List.of("/usr", "/etc", "/var", "/dev")) {
                assertThat(root.path(written).resolve("firn-was-here")).exists();
                assertThat(Path.of(written, "firn-was-here")).doesNotExist();
            }
        }
        assertThat(directory).doesNotExist();
    }

    @Test
    void oneThatCannotBeMadeIsSkippedWithTheReasonAndLeavesNothing() throws Exception {
        Set<String> before = left();

        assertThatThrownBy(() -> CleanRoot.make("sh", "-c", "echo no such luck; exit 1")).isInstanceOf(TestAbortedException.class).hasMessageContaining("no such luck");
        assertThatThrownBy(() -> CleanRoot.make("no-such-command")).isInstanceOf(TestAbortedException.class).hasMessageContaining("no-such-command");

        assertThat(left()).isEqualTo(before);
        assertThat(mountsBelow(Path.of(System.getProperty("java.io.tmpdir"), "clean-root"))).isEmpty();
    }

    /** As after a JVM that was killed: nobody has closed it. */
    @Test
    void whatIsMountedIsGoneWithTheProcessThatKeepsIt() throws Exception {
        CleanRoot root = CleanRoot.make();
        Path inside = root.path("/etc/passwd");
        assertThat(inside).exists();

        root.close();

        assertThat(inside).doesNotExist();
        assertThat(root.tried("true").exitCode()).as("there is no inside any more").isNotZero();
        assertThat(root.directory()).doesNotExist();
    }

    private static List<String> mountsBelow(Path directory) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/mountinfo")).stream().filter(line -> line.contains(" " + directory)).toList();
    }

    private static Set<String> left() throws IOException {
        return names(Path.of(System.getProperty("java.io.tmpdir"))).stream().filter(name -> name.startsWith("clean-root")).collect(Collectors.toSet());
    }

    private static Set<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
