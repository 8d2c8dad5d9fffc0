package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.FreePorts;
import io.firn.it.harness.ProcessResult;
import io.firn.it.launcher.FirnProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The Debian package, installed by the real dpkg into a root that is thrown away, and the service as its unit starts it, without systemd, which would have to be the first process. */
@Timeout(300)
class DebIT {

    private static final String UNIT = "/usr/lib/systemd/system/firn.service";
    private static final String SETTINGS = "/etc/firn/firn.yaml";
    private static final String LIB = "/usr/share/firn/lib";
    private static final String FLAG = "/run/firn-upgrade";
    private static final String STATE = "show --property=ActiveState --value firn.service";

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
        assertArchivesGoBesideTheJarsOrIntoTheCache();
        int port = FreePorts.next();
        configure(port);
        try (FirnProcess service = start()) {
            RoundTrip.through(service.awaitOut("Kafka clients +(\\S+)").group(1), "rivers");
            assertThat(owner(root.path("/var/lib/firn/hot"))).as("owner of what the broker writes").isEqualTo(uid());
            stop(service);
        }

        install(); // over itself: what an upgrade does with the settings
        assertThat(root.path(SETTINGS)).content().contains("port: " + port);
        assertThat(root.path("/var/cache/firn")).as("the archive may be of other jars").isEmptyDirectory();
        assertThat(root.path(LIB)).as("that of root too").isDirectoryNotContaining("glob:**.{jsa,failed}");
        try (FirnProcess service = start()) {
            RoundTrip.assertAllThere(service.awaitOut("Kafka clients +(\\S+)").group(1), "rivers");
            stop(service);
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

    /** With a JDK that only does as if: a real one rehearses in TarballIT. */
    private void assertArchivesGoBesideTheJarsOrIntoTheCache() throws IOException {
        Files.createDirectories(root.path("/tmp/jdk/bin"));
        Files.writeString(root.path("/tmp/jdk/release"), "JAVA_VERSION=\"21.0.1\"\n");
        script("/tmp/jdk/bin/java", "for word; do case $word in -XX:ArchiveClassesAtExit=*) : >\"${word#*=}\" ;; esac; done; echo \"$*\"");
        Map<String, String> jdk = Map.of("JAVA_HOME", "/tmp/jdk");

        Shell.run(service(jdk, "firn", "topic", "--help"));
        assertThat(root.path("/var/cache/firn")).as("what runs no broker makes nothing").isEmptyDirectory();
        assertThat(Shell.run(service(jdk, "firn", "up")).all()).contains("rehearsing").containsPattern("-XX:SharedArchiveFile=/var/cache/firn/gateway-[^/]+/21.0.1-.jsa");
        assertThat(Shell.run(service(jdk, "firn", "up")).all()).as("once").doesNotContain("rehearsing");
        Shell.run(root.inside(jdk, "firn", "rehearse").toArray(String[]::new)); // as root, as images of containers do: for all
        assertThat(Shell.run(service(jdk, "firn", "up")).all()).doesNotContain("rehearsing").contains("-XX:SharedArchiveFile=" + LIB + "/21.0.1-.jsa");
    }

    /** Jars must not be replaced under a running JVM, which opens them when it needs a class. */
    @Test
    void anUpgradeStopsABrokerThatRunsAndStartsItAgainAndNoOther() throws Exception {
        systemctl("active", 0);
        installWithoutJars();
        assertThat(asked()).as("a new installation starts nothing").noneMatch(line -> line.contains("start") || line.contains("enable"));

        installWithoutJars();
        assertThat(asked()).containsSubsequence(STATE, "stop firn.service", "daemon-reload", "start firn.service");

        systemctl("activating", 0); // between two starts: it would come up in the middle
        installWithoutJars();
        assertThat(asked()).containsSubsequence("stop firn.service", "start firn.service");

        for (String down : List.of("inactive", "failed")) {
            systemctl(down, 0);
            installWithoutJars();
            assertThat(asked()).as("one that did not run stays as it was").contains(STATE).doesNotContain("stop firn.service", "start firn.service");
        }

        systemctl("active", 0);
        root.run("dpkg", "--remove", "firn");
        assertThat(asked()).containsSubsequence("stop firn.service", "--quiet disable firn.service", "daemon-reload").doesNotContain("start firn.service");
        assertThat(root.path(FLAG)).as("a later installation is not an upgrade").doesNotExist();
    }

    /** A disk that is full, say: dpkg keeps the old version and calls its postinst. */
    @Test
    void anUpgradeThatIsGivenUpStartsTheBrokerAgain() throws Exception {
        systemctl("active", 0);
        installWithoutJars();
        asked();

        for (String[] givenUp : new String[][] {{"upgrade", "abort-upgrade"}, {"deconfigure", "abort-deconfigure"}, {"remove", "abort-remove"}}) {
            root.run("/var/lib/dpkg/info/firn.prerm", givenUp[0], "2");
            assertThat(asked()).contains("stop firn.service");
            root.run("/var/lib/dpkg/info/firn.postinst", givenUp[1], "2");
            assertThat(asked()).as(givenUp[1]).contains("start firn.service");
            assertThat(root.path(FLAG)).doesNotExist();
        }
    }

    @Test
    void aBrokerThatDoesNotStartDoesNotFailTheUpgradeAndIsSaid() throws Exception {
        systemctl("active", 1);
        installWithoutJars();

        assertThat(installWithoutJars().all()).contains("the broker ran before and does not start now: systemctl status firn");
        assertThat(root.run("dpkg-query", "--showformat", "${Status}", "--show", "firn").output()).isEqualTo("install ok installed");
        assertThat(root.path(FLAG)).doesNotExist();
    }

    @Test
    void purgingLeavesALinkToTheDiskAndNoSecrets() throws Exception {
        root.run("groupadd", "--system", "firn"); // somebody has made it before
        installWithoutJars();
        root.run("sh", "-c", "mv /var/lib/firn /home/disk && ln -s /home/disk /var/lib/firn && echo FIRN_SECRET=1 >/etc/default/firn");

        root.run("dpkg", "--purge", "firn");

        assertThat(root.path("/var/lib/firn")).isSymbolicLink();
        assertThat(root.path("/home/disk")).isDirectory();
        assertThat(root.path("/etc/default/firn")).doesNotExist();
    }

    /** Lets the package's scripts believe that systemd runs, and writes down what they ask of it. */
    private void systemctl(String state, int start) throws IOException {
        Files.createDirectories(root.path("/run/systemd/system"));
        script("/usr/bin/systemctl", "echo \"$*\" >>/run/asked; case $* in *ActiveState*) echo " + state + " ;; start*) exit " + start + " ;; esac");
    }

    private void script(String path, String text) throws IOException {
        Files.deleteIfExists(root.path(path));
        Files.writeString(root.path(path), "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(root.path(path), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** What they have asked since this was last called. */
    private List<String> asked() throws IOException {
        List<String> lines = Files.readAllLines(root.path("/run/asked"));
        Files.delete(root.path("/run/asked"));
        return lines;
    }

    @Test
    void aDirectoryThatIsThereKeepsItsOwner() throws Exception {
        Files.createDirectories(root.path("/var/lib/firn"));

        installWithoutJars();

        assertThat(owner(root.path("/var/lib/firn"))).as("a disk that an operator has mounted").isZero();
    }

    @Test
    void theUnitHasNoFault() throws Exception {
        assumeTrue(Files.isExecutable(root.path("/usr/bin/systemd-analyze")), "there is no systemd-analyze: the unit is not verified here");
        installWithoutJars();

        assertThat(root.run("systemd-analyze", "verify", "--man=no", UNIT).all().lines().filter(line -> line.contains("firn"))).isEmpty();
    }

    /** By the real dpkg, which need not wait for a disk that is in memory. */
    private void install() {
        root.run("dpkg", "--force-unsafe-io", "--install", "/tmp/firn.deb");
    }

    /** Where nothing is run of it: as fast as its scripts are. */
    private ProcessResult installWithoutJars() {
        return root.run("dpkg", "--force-unsafe-io", "--path-exclude=" + LIB + "/*", "--install", "/tmp/firn.deb");
    }

    private void assertInstalled() throws Exception {
        assertThat(root.run("getent", "passwd", "firn").output()).matches("firn:x:\\d+:\\d+:Firn broker:/var/lib/firn:/usr/sbin/nologin\n");
        assertThat(root.run("dpkg-query", "--showformat", "${Conffiles}", "--show", "firn").output()).contains(SETTINGS);
        assertThat(root.run("firn", "--version").output()).startsWith("firn ");
        assertThat(owner(root.path("/var/lib/firn"))).isEqualTo(uid());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.path("/var/lib/firn")))).isEqualTo("rwxr-x---");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.path(SETTINGS)))).as("settings may be secret").isEqualTo("rw-r-----");
        assertThat(root.path("/usr/share/bash-completion/completions/firn")).isNotEmptyFile();
        // Minimal systems leave out /usr/share/doc: what has to be passed on lies elsewhere.
        for (String passedOn : List.of("LICENSE", "NOTICE", "third-party/THIRD-PARTY.txt", "conf/prices-us-east-1.properties")) {
            assertThat(root.path("/usr/share/firn").resolve(passedOn)).isNotEmptyFile();
        }
        assertThat(root.path("/usr/share/firn/conf/firn.yaml")).as("the settings are those in /etc").doesNotExist();
    }

    /** As an operator does. */
    private void configure(int port) throws IOException {
        Files.writeString(root.path(SETTINGS), Files.readString(root.path(SETTINGS)).replace("port: 9092", "port: " + port).replace("port: 8080", "port: 0"));
    }

    /** What systemd would do, without an archive of classes. */
    private FirnProcess start() throws IOException {
        assertThat(unit("Environment")).as("to be set in the unit's file of variables, by those who form a cluster").isEqualTo("FORM=");
        String[] words = Stream.of(unit("ExecStart").split(" ")).filter(word -> !word.equals("$FORM")).toArray(String[]::new);
        return FirnProcess.command(List.of(service(Map.of("FIRN_CDS", "off"), words)), Path.of("/"), Map.of("PATH", System.getenv("PATH")));
    }

    /** A command as systemd would run it: directories, user, variables. */
    private String[] service(Map<String, String> variables, String... command) throws IOException {
        assertThat(unit("User")).isEqualTo("firn");
        assertThat(unit("StateDirectory")).isEqualTo("firn");
        String cache = "/var/cache/" + unit("CacheDirectory");
        root.run("install", "--directory", "--owner=firn", "--group=firn", cache);
        Map<String, String> environment = new HashMap<>(Map.of("CACHE_DIRECTORY", cache, "STATE_DIRECTORY", "/var/lib/firn", "HOME", "/var/lib/firn", "USER", "firn"));
        environment.putAll(variables);
        List<String> words = new ArrayList<>(List.of("setpriv", "--reuid=" + unit("User"), "--regid=" + unit("Group"), "--init-groups", "--no-new-privs"));
        words.addAll(List.of(command));
        return root.inside(environment, words.toArray(String[]::new)).toArray(String[]::new);
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
