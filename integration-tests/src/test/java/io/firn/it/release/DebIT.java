package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.FreePorts;
import io.firn.it.launcher.FirnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Debian package, installed by the real dpkg into a root that is thrown away, and the service as its unit starts it, without systemd, which would have to be the first process. */
@Timeout(300)
class DebIT {

    private static final String UNIT = "/usr/lib/systemd/system/firn.service";
    private static final String SETTINGS = "/etc/firn/firn.yaml";

    private CleanRoot root;

    @BeforeEach
    void prepare() throws Exception {
        root = CleanRoot.make();
        // A package of a machine that Firn is really installed on is none of this test's.
        root.tried("dpkg", "--purge", "firn");
        Files.copy(Packed.deb(), root.path("/tmp/firn.deb"), StandardCopyOption.REPLACE_EXISTING);
    }

    @AfterEach
    void throwAway() throws Exception {
        if (root != null) {
            root.close();
        }
    }

    @Test
    void isInstalledServesIsUpgradedAndGoesWithoutItsData() throws Exception {
        install();

        assertInstalled();
        int port = FreePorts.next();
        configure(port);
        try (FirnProcess service = start()) {
            RoundTrip.through(service.awaitOut("Kafka clients +(\\S+)").group(1), "rivers");
            assertThat(owner(root.path("/var/lib/firn/hot"))).as("owner of what the broker writes").isEqualTo(uid());
            stop(service);
        }
        assertThat(root.path("/var/cache/firn")).as("the archive of classes").isDirectoryRecursivelyContaining("glob:**.{jsa,aot}");

        install(); // over itself: what an upgrade does with the settings
        assertThat(root.path(SETTINGS)).content().contains("port: " + port);
        assertThat(root.path("/var/cache/firn")).as("the archive may be of other jars").isEmptyDirectory();
        root.run("firn", "rehearse"); // as root, as images of containers do: beside the jars, for all
        try (FirnProcess service = start()) {
            RoundTrip.assertAllThere(service.awaitOut("Kafka clients +(\\S+)").group(1), "rivers");
            stop(service);
            assertThat(service.err()).as("what root has rehearsed is used").noneMatch(line -> line.contains("rehearsing"));
        }

        root.run("dpkg", "--remove", "firn");
        assertThat(root.path("/usr/bin/firn")).doesNotExist();
        assertThat(root.path("/usr/share/firn")).doesNotExist();
        assertThat(root.path(SETTINGS)).exists();
        root.run("dpkg", "--purge", "firn");
        assertThat(root.path(SETTINGS)).doesNotExist();
        assertThat(root.path("/var/cache/firn")).doesNotExist();
        assertThat(root.path("/var/lib/firn/hot")).as("records are not the package's").isNotEmptyDirectory();
    }

    /** Jars must not be replaced under a running JVM, which opens them when it needs a class. */
    @Test
    void anUpgradeStopsABrokerThatRunsAndStartsItAgainAndNoOther() throws Exception {
        systemctl(0);
        install();
        assertThat(asked()).as("a new installation starts nothing").noneMatch(line -> line.contains("start") || line.contains("enable"));

        install();
        assertThat(asked()).containsSubsequence("--quiet is-active firn.service", "stop firn.service", "daemon-reload", "start firn.service");

        systemctl(3);
        install();
        assertThat(asked()).as("one that did not run stays as it was").contains("--quiet is-active firn.service").doesNotContain("stop firn.service", "start firn.service");

        systemctl(0);
        root.run("dpkg", "--remove", "firn");
        assertThat(asked()).containsSubsequence("stop firn.service", "--quiet disable firn.service", "daemon-reload").doesNotContain("start firn.service");
    }

    /** Lets the package's scripts believe that systemd runs, and writes down what they ask of it. */
    private void systemctl(int active) throws IOException {
        Files.createDirectories(root.path("/run/systemd/system"));
        Path stub = root.path("/usr/bin/systemctl");
        Files.deleteIfExists(stub);
        Files.writeString(stub, "#!/bin/sh\necho \"$*\" >>/run/asked\ncase $* in *is-active*) exit " + active + " ;; esac\n");
        Files.setPosixFilePermissions(stub, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** What they have asked since this was last called. */
    private List<String> asked() throws IOException {
        List<String> lines = Files.readAllLines(root.path("/run/asked"));
        Files.delete(root.path("/run/asked"));
        return lines;
    }

    @Test
    void theUnitHasNoFaultAndADirectoryThatIsThereKeepsItsOwner() throws Exception {
        Files.createDirectories(root.path("/var/lib/firn"));

        install();

        assertThat(owner(root.path("/var/lib/firn"))).as("a disk that an operator has mounted").isZero();
        assumeTrue(Files.isExecutable(root.path("/usr/bin/systemd-analyze")), "there is no systemd-analyze: the unit is not verified here");
        assertThat(root.run("systemd-analyze", "verify", "--man=no", UNIT).all().lines().filter(line -> line.contains("firn"))).isEmpty();
    }

    /** By the real dpkg, which need not wait for a disk that is in memory. */
    private void install() {
        root.run("dpkg", "--force-unsafe-io", "--install", "/tmp/firn.deb");
    }

    private void assertInstalled() throws Exception {
        assertThat(root.run("getent", "passwd", "firn").output()).matches("firn:x:\\d+:\\d+:Firn broker:/var/lib/firn:/usr/sbin/nologin\n");
        assertThat(root.run("dpkg-query", "--showformat", "${Conffiles}", "--show", "firn").output()).contains(SETTINGS);
        assertThat(root.run("firn", "--version").output()).startsWith("firn ");
        assertThat(owner(root.path("/var/lib/firn"))).isEqualTo(uid());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.path("/var/lib/firn")))).isEqualTo("rwxr-x---");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.path(SETTINGS)))).as("settings may be secret").isEqualTo("rw-r-----");
        assertThat(root.path("/usr/share/doc/firn/copyright")).isNotEmptyFile();
        assertThat(root.path("/usr/share/bash-completion/completions/firn")).isNotEmptyFile();
        assertThat(root.path("/usr/share/doc/firn/third-party/THIRD-PARTY.txt")).isNotEmptyFile();
    }

    /** As an operator does. */
    private void configure(int port) throws IOException {
        Files.writeString(root.path(SETTINGS), Files.readString(root.path(SETTINGS)).replace("port: 9092", "port: " + port).replace("port: 8080", "port: 0"));
    }

    /** What systemd would do: directories, user, variables, and the command of the unit. */
    private FirnProcess start() throws IOException {
        assertThat(unit("User")).isEqualTo("firn");
        assertThat(unit("StateDirectory")).isEqualTo("firn");
        String cache = "/var/cache/" + unit("CacheDirectory");
        root.run("install", "--directory", "--owner=firn", "--group=firn", cache);
        List<String> words = new ArrayList<>(List.of("setpriv", "--reuid=" + unit("User"), "--regid=" + unit("Group"), "--init-groups", "--no-new-privs"));
        words.addAll(List.of(unit("ExecStart").split(" ")));
        Map<String, String> environment = Map.of("CACHE_DIRECTORY", cache, "STATE_DIRECTORY", "/var/lib/firn", "HOME", "/var/lib/firn", "USER", "firn");
        return FirnProcess.command(root.inside(environment, words.toArray(String[]::new)), Path.of("/"), Map.of("PATH", System.getenv("PATH")));
    }

    private String unit(String key) throws IOException {
        return Files.readAllLines(root.path(UNIT)).stream().filter(line -> line.startsWith(key + "=")).map(line -> line.substring(key.length() + 1)).findFirst().orElseThrow();
    }

    private static void stop(FirnProcess service) throws InterruptedException {
        service.terminate();
        assertThat(service.exitCode()).as("%s", service).isZero();
        assertThat(service.err()).endsWith("firn: stopping", "firn: stopped");
    }

    private int uid() {
        return Integer.parseInt(root.run("id", "--user", "firn").output().strip());
    }

    private static int owner(Path path) throws IOException {
        return (int) Files.getAttribute(path, "unix:uid");
    }
}
