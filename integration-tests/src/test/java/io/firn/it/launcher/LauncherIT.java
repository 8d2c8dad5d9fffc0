package io.firn.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class LauncherIT {

    @TempDir
    Path directory;

    @Test
    void runsFromAnyDirectoryThroughASymlink() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("firn-link"), FirnProcess.LAUNCHER);

        try (FirnProcess version = FirnProcess.start(link, directory, Map.of(), "--version")) {
            assertThat(version.exitCode()).isZero();
            assertThat(version.out()).singleElement().asString().startsWith("firn ").contains("Java " + Runtime.version().feature());
            assertThat(version.err()).isEmpty();
        }
    }

    @Test
    void aJavaThatIsTooOldIsRefused() throws Exception {
        Path home = Files.createDirectories(directory.resolve("jdk11"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");
        Files.createFile(Files.createDirectory(home.resolve("bin")).resolve("java"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Map<String, String> environment = Map.of("JAVA_HOME", home.toString(), "PATH", home.resolve("bin") + ":" + System.getenv("PATH"));

        try (FirnProcess version = FirnProcess.start(directory, environment, "--version")) {
            assertThat(version.exitCode()).isEqualTo(2);
            assertThat(version.err()).containsExactly("firn: needs a JDK of version 17 or later, found only Java 11.0.2; set JAVA_HOME");
        }
    }

    @Test
    void upServesUntilSigtermAndStopsCleanly() throws Exception {
        try (FirnProcess up = up(Map.of())) {
            String metrics = up.awaitOut("(http://\\S+)/metrics").group(1);
            assertThat(Long.parseLong(up.awaitOut("kill (\\d+)").group(1))).isEqualTo(up.pid());

            assertThat(get(metrics + "/health/live")).isEqualTo(200);
            up.terminate();

            assertThat(up.exitCode()).isZero();
            assertThat(up.err()).endsWith("firn: stopping", "firn: stopped");
        }
    }

    @Test
    void aHeapOfTheOperatorsOwnMayBeSmallerThanTheOneItBeginsWith() throws Exception {
        try (FirnProcess up = up(Map.of("FIRN_JAVA_OPTS", "-Xmx40m"))) {
            stop(up);
        }
    }

    @Test
    void theJvmMayHaveTheDirectMemoryThatTheSettingsTake() throws Exception {
        Path home = javaThatPrintsItsArguments();
        Path file = Files.writeString(directory.resolve("firn.yaml"), """
                kafka.inflight.max.bytes: 268435456
                cold:
                  page.cache.bytes: 99999999999
                  cache.bytes: "2147483648" # 2 GiB
                """);
        Map<String, String> variable = Map.of("FIRN_COLD_CACHE_BYTES", "1073741824");

        assertThat(directMib(home, Map.of(), "up")).isEqualTo(960);
        assertThat(directMib(home, Map.of(), "up", "--set", "cold.cache.bytes=2147483648")).isEqualTo(2048 + 256 + 2 * 128 + 128);
        assertThat(directMib(home, Map.of(), "up", "--config", file.toString())).isEqualTo(2048 + 256 + 2 * 256 + 128);
        assertThat(directMib(home, variable, "up", "--config=" + file)).isEqualTo(1024 + 128 + 2 * 256 + 128);
        assertThat(directMib(home, variable, "up", "--set=cold.cache.bytes=67108864")).as("no less than the launcher's own").isEqualTo(960);
        assertThat(directMib(home, Map.of("FIRN_COLD_UPLOAD_PARALLELISM", "4"), "up", "--set", "cold.read.parallelism=964")).isEqualTo(960 + 836 + 13 + 5);
        assertThat(directMib(home, Map.of(), "up", "--config", directory.toString())).as("for the broker to refuse").isEqualTo(960);
        assertThat(directMib(home, Map.of(), "up", "--set", "cold.cache.bytes=much")).as("which the broker refuses").isEqualTo(960);
        assertThat(directMib(home, Map.of(), "replay", "rivers", "--set", "cold.cache.bytes=1073741824")).isEqualTo(1024 + 128 + 64);
    }

    private Path javaThatPrintsItsArguments() throws IOException {
        Path home = Files.createDirectories(directory.resolve("jdk"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        Path java = Files.createFile(Files.createDirectory(home.resolve("bin")).resolve("java"), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        return home;
    }

    private long directMib(Path javaHome, Map<String, String> environment, String... arguments) throws Exception {
        Map<String, String> all = new HashMap<>(environment);
        all.put("JAVA_HOME", javaHome.toString());
        try (FirnProcess printing = FirnProcess.start(directory, all, arguments)) {
            assertThat(printing.exitCode()).as("%s", printing).isZero();
            String option = printing.out().stream().filter(line -> line.startsWith("-XX:MaxDirectMemorySize=")).findFirst().orElseThrow();
            return Long.parseLong(option.substring(option.indexOf('=') + 1, option.length() - 1));
        }
    }

    @Test
    void aCacheThatTheOperatorsOwnLimitCannotHoldIsOneLineAndExitCodeTwo() throws Exception {
        try (FirnProcess up = up(Map.of("FIRN_JAVA_OPTS", "-XX:MaxDirectMemorySize=256m"))) {
            assertThat(up.exitCode()).isEqualTo(2);
            assertThat(up.err()).singleElement().asString().startsWith("firn: ").contains("cold.cache.bytes", "-XX:MaxDirectMemorySize", "of 256:");
            assertThat(directory.resolve("data")).doesNotExist();
        }
    }

    @Test
    void recordsGoInAndComeOut() throws Exception {
        try (FirnProcess up = up(Map.of())) {
            String bootstrap = "--bootstrap-server=" + up.awaitOut("Kafka clients +(\\S+)").group(1);

            run("created topic rivers, 3 partition(s)", "topic", "create", "rivers", "--partitions", "3", bootstrap);
            try (FirnProcess produce = FirnProcess.start(directory, Map.of(), "produce", "rivers", "--key-separator=:", "--header=unit=km", bootstrap)) {
                assertThat(produce.feed("rhine:1233\nelbe:1094\n").exitCode()).as("%s", produce).isZero();
                assertThat(produce.out()).isEmpty();
            }
            try (FirnProcess consume = FirnProcess.start(directory, Map.of(), "consume", "rivers", "--from-beginning", "--exit-at-end", "--print-key",
                    "--print-headers", bootstrap)) {
                assertThat(consume.exitCode()).as("%s", consume).isZero();
                assertThat(consume.out()).containsExactlyInAnyOrder("unit=km\trhine\t1233", "unit=km\telbe\t1094");
            }
            run("rivers", "topic", "list", bootstrap);
            run("deleted topic rivers", "topic", "delete", "rivers", bootstrap);
        }
    }

    @Test
    void aDataDirectoryInUseIsOneLineAndExitCodeTwo() throws Exception {
        try (FirnProcess first = up(Map.of())) {
            first.awaitOut("kill \\d+");
            try (FirnProcess second = up(Map.of())) {
                assertThat(second.exitCode()).isEqualTo(2);
                assertThat(second.err()).singleElement().asString().startsWith("firn: ").contains(directory.resolve("data").toString());
                assertThat(second.out()).isEmpty();
            }
        }
    }

    @Test
    void aPortInUseIsOneLineAndExitCodeTwo() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            for (String option : new String[] {"--kafka-port", "--http-port"}) {
                try (FirnProcess up = FirnProcess.start(directory, Map.of(), "up", "--set", "kafka.port=0", "--set", "http.port=0", option, port)) {
                    assertThat(up.exitCode()).isEqualTo(2);
                    assertThat(up.err()).singleElement().asString().startsWith("firn: ").contains(port, "in use");
                    assertThat(directory.resolve("data")).doesNotExist();
                }
            }
        }
    }

    @Test
    void aWrongVariableIsOneLineAndExitCodeTwo() throws Exception {
        try (FirnProcess up = up(Map.of("FIRN_LOG_DURABILITY", "maybe"))) {
            assertThat(up.exitCode()).isEqualTo(2);
            assertThat(up.err()).containsExactly("firn: log.durability is 'maybe' (environment variable FIRN_LOG_DURABILITY): allowed is fsync or os");
        }
    }

    @Test
    void theFirstStartMakesAnArchiveAndLaterOnesUseItSilently() throws Exception {
        Map<String, String> archive = Map.of("FIRN_CDS", "on");
        stop(up(archive));

        try (FirnProcess up = up(archive)) {
            up.awaitOut("kill \\d+");
            assertThat(up.err()).noneMatch(line -> line.startsWith("firn: "));
            stop(up);
        }
        try (Stream<Path> files = Files.walk(FirnProcess.ROOT.resolve("gateway/target/firn"))) {
            assertThat(files.map(Path::toString)).anyMatch(name -> name.endsWith(".jsa") || name.endsWith(".aot")).noneMatch(name -> name.endsWith(".failed"));
        }
    }

    @Test
    void theDemoFindsEveryRecordAgainAndCleansUp() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "Firn is old snow\non its way\nto becoming glacier ice\n");
        Path temporary = Files.createDirectory(directory.resolve("tmp"));

        try (FirnProcess demo = FirnProcess.start(directory, Map.of("TMPDIR", temporary.toString()), "demo", "--input", text.toString(), "--size", "30")) {
            assertThat(demo.exitCode()).as("%s", demo).isZero();
            assertThat(demo.out()).filteredOn(line -> line.endsWith("written = read hot = read cold")).hasSize(3);
            assertThat(temporary).isEmptyDirectory();
        }
    }

    private FirnProcess up(Map<String, String> environment) throws IOException {
        return FirnProcess.start(directory, environment, "up", "--data", directory.resolve("data").toString(), "--kafka-port", "0", "--http-port", "0",
                "--set", "logging.level=error");
    }

    private static void stop(FirnProcess up) throws InterruptedException {
        try (up) {
            up.awaitOut("kill \\d+");
            up.terminate();
            assertThat(up.exitCode()).as("%s", up).isZero();
        }
    }

    private void run(String expected, String... arguments) throws IOException, InterruptedException {
        try (FirnProcess command = FirnProcess.start(directory, Map.of(), arguments)) {
            assertThat(command.exitCode()).as("%s", command).isZero();
            assertThat(command.out()).containsExactly(expected);
        }
    }

    private static int get(String address) throws IOException, InterruptedException {
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }
}
