package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.launcher.FirnProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tarball in an empty directory, beside nothing but a JDK and the plain tools of a Unix. */
@Timeout(300)
class TarballIT {

    /** All that the launcher of a release may need beside a JDK: no Maven is among them. */
    private static final List<String> TOOLS = List.of("bash", "env", "dirname", "basename", "ls", "readlink", "sed", "head", "mkdir", "mv", "rm", "sleep");

    @TempDir
    static Path directory;

    private static Path home;
    private static Map<String, String> environment;

    @BeforeAll
    static void extract() throws IOException {
        Path tarball = Packed.tarball();
        Path empty = Files.createDirectory(directory.resolve("opt"));
        Shell.run("tar", "-xzf", tarball.toString(), "-C", empty.toString());
        home = empty.resolve(tarball.getFileName().toString().replace(".tar.gz", ""));
        Path tools = Files.createDirectory(directory.resolve("tools"));
        for (String tool : TOOLS) {
            Path script = Files.writeString(tools.resolve(tool), Shell.run("bash", "-c", "printf '#!%s\\nexec %s \"$@\"\\n' \"$(type -P bash)\" \"$(type -P " + tool + ")\"").output());
            assertThat(script.toFile().setExecutable(true)).isTrue();
        }
        environment = Map.of("PATH", tools.toString(), "JAVA_HOME", System.getProperty("java.home"), "HOME", Files.createDirectory(directory.resolve("home")).toString());
    }

    @Test
    void servesStockClientsAndStopsCleanly() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("firn"), home.resolve("bin/firn"));
        List<String> up = List.of(link.toString(), "up", "--config", home.resolve("conf/firn.yaml").toString(), "--data", directory.resolve("data").toString(), "--kafka-port", "0", "--http-port", "0");

        try (FirnProcess rehearse = firn("rehearse")) { // as images of containers are built
            assertThat(rehearse.exitCode()).as("%s", rehearse).isZero();
        }
        assertThat(archives()).as("archive of classes").hasSize(1);
        assertThat(Files.readString(home.resolve("lib/archive.log"))).doesNotContain("not rehearsed");
        assertThat(Files.readString(Path.of(archives().get(0)), StandardCharsets.ISO_8859_1)).as("with those of brokers of a cluster").contains("com/hazelcast/cp/internal/raft/impl/RaftNodeImpl");
        try (FirnProcess broker = FirnProcess.command(up, directory, environment)) {
            String bootstrap = broker.awaitOut("Kafka clients +(\\S+)").group(1);
            RoundTrip.through(bootstrap, "rivers");
            try (FirnProcess consume = firn("consume", "rivers", "--from-beginning", "--exit-at-end", "--bootstrap-server", bootstrap)) {
                assertThat(consume.exitCode()).as("%s", consume).isZero();
                assertThat(consume.out()).hasSize(200).startsWith("record 0").endsWith("record 199");
            }
            stop(broker);
            assertThat(broker.err()).as("there was nothing to build or to rehearse").noneMatch(line -> line.contains("building") || line.contains("rehearsing"));
        }
    }

    /** With a JDK that fails at once. An image must not be built without its archive. */
    @Test
    void aRehearsalWithoutAnArchiveFailsAndIsTriedAgain() throws Exception {
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.writeString(directory.resolve("jdk/release"), "JAVA_VERSION=\"21.0.1\"\n");
        Map<String, String> broken = new HashMap<>(environment);
        broken.put("JAVA_HOME", directory.resolve("jdk").toString());

        for (String script : List.of("exit 1", "exit 0", "exit 1")) {
            Files.writeString(java, "#!/bin/sh\n" + script + "\n");
            assertThat(java.toFile().setExecutable(true)).isTrue();
            try (FirnProcess rehearse = FirnProcess.command(List.of(home.resolve("bin/firn").toString(), "rehearse"), directory, broken)) {
                assertThat(rehearse.exitCode()).as("%s", rehearse).isEqualTo(1);
                assertThat(rehearse.err()).anyMatch(line -> line.contains("rehearsing")).last().asString().startsWith("firn: there is no " + home.resolve("lib"));
            }
        }
    }

    @Test
    void saysItsVersion() throws Exception {
        try (FirnProcess version = firn("--version")) {
            assertThat(version.exitCode()).as("%s", version).isZero();
            assertThat(version.out()).singleElement().asString().startsWith("firn " + home.getFileName().toString().replaceFirst("firn-", "") + ",");
        }
    }

    @Test
    void whatOnlyTheSourcesHaveIsRefused() throws Exception {
        try (FirnProcess bench = firn("bench")) {
            assertThat(bench.exitCode()).isEqualTo(2);
            assertThat(bench.err()).containsExactly("firn: the benchmark is not in a release: it runs from Firn's sources");
        }
    }

    @Test
    void holdsWhatItShould() throws Exception {
        for (String path : List.of("bin/firn", "conf/firn.yaml", "systemd/firn.service", "completion/firn", "LICENSE", "NOTICE", "README.md", "third-party/THIRD-PARTY.txt",
                "docker/Dockerfile", "docker/compose.yaml", "helm/firn/Chart.yaml", "helm/firn/values.yaml", "helm/firn/values.schema.json", "helm/firn/templates/statefulset.yaml")) {
            assertThat(home.resolve(path)).isNotEmptyFile();
        }
        assertThat(home.resolve("bin/firn")).isExecutable();
        assertThat(jars(home.resolve("lib"))).doesNotHaveDuplicates().isNotEmpty().noneMatch(name -> name.contains("junit") || name.contains("assertj") || name.endsWith("-tests.jar"));
    }

    /** Who has the release and no sources installs from it as its README says. */
    @Test
    void itsImageAndItsChartAreThoseOfTheSources() {
        for (String directory : List.of("docker", "helm")) {
            assertThat(Shell.tried("diff", "-r", Path.of("../gateway/release", directory).toAbsolutePath().toString(), home.resolve(directory).toString()).all()).isEmpty();
        }
    }

    /** What a release carries is what the tests of this build ran with. */
    @Test
    void holdsTheLibrariesThatTheLauncherRunsFromTheSources() throws Exception {
        assertThat(jars(home.resolve("lib"))).filteredOn(name -> !name.startsWith("gateway-"))
                .isSubsetOf(jars(Path.of("../gateway/target/firn/lib"))).hasSizeGreaterThan(100);
    }

    @Test
    void itsChecksumIsRight() throws Exception {
        Path tarball = Packed.tarball();
        assertThat(Shell.run("bash", "-c", "cd \"$1\" && sha256sum -c \"$2\"", "-", tarball.getParent().toString(), tarball.getFileName() + ".sha256").output())
                .contains(tarball.getFileName() + ": OK");
    }

    /** That two builds of one commit are the same byte for byte depends on these; gateway/release/reproduce.sh compares two whole builds. */
    @Test
    void nothingOfTheBuildingMachineIsInIt() throws Exception {
        List<String> entries = Shell.run("bash", "-c", "TZ=UTC tar --numeric-owner --full-time -tvzf \"$1\"", "-", Packed.tarball().toString()).lines();

        assertThat(entries).hasSizeGreaterThan(100).allMatch(line -> line.matches("[d-]r[w-][x-]r-[x-]r-[x-] 0/0 +\\d+ 2026-01-01 00:00:00 .*"));
        byte[] header = Files.newInputStream(Packed.tarball()).readNBytes(8);
        assertThat(new byte[] {header[4], header[5], header[6], header[7]}).as("time in the header of gzip").containsOnly(0);
    }

    @Test
    void completesCommandsAndOptions() {
        assertThat(completed("firn", "to")).isEqualTo("topic");
        assertThat(completed("firn", "up", "--con")).isEqualTo("--config");
    }

    private static String completed(String... words) {
        String script = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_LINE=\"$*\"; COMP_POINT=${#COMP_LINE}; _complete_firn; echo \"${COMPREPLY[*]}\"";
        return Shell.run(Stream.concat(Stream.of("bash", "-c", script, "-", home.resolve("completion/firn").toString()), Stream.of(words)).toArray(String[]::new)).output().strip();
    }

    private static FirnProcess firn(String... arguments) throws IOException {
        return FirnProcess.command(Stream.concat(Stream.of(home.resolve("bin/firn").toString()), Stream.of(arguments)).toList(), directory, environment);
    }

    private static void stop(FirnProcess up) throws InterruptedException {
        up.terminate();
        assertThat(up.exitCode()).as("%s", up).isZero();
        assertThat(up.err()).endsWith("firn: stopping", "firn: stopped");
    }

    private static List<String> archives() throws IOException {
        try (Stream<Path> files = Files.walk(home)) {
            return files.map(Path::toString).filter(name -> name.endsWith(".jsa") || name.endsWith(".aot")).toList();
        }
    }

    static List<String> jars(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".jar")).toList();
        }
    }
}
