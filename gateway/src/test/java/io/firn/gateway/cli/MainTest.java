package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.logging.Logging;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {

    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(standardOut);
        System.setErr(standardErr);
        Logging.apply(ConfigLoader.of(Map.of("logging.level", "warn")).logging());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "up --set kafka.prot=1          | firn: unknown setting kafka.prot (--set); did you mean kafka.port?",
        "up --kafka-port many           | firn: kafka.port is 'many' (--kafka-port): allowed is a whole number, 0 to 65535",
        "up --http-port 70000           | firn: http.port is '70000' (--http-port): allowed is a whole number, 0 to 65535",
        "up --config /nowhere/firn.yaml | firn: /nowhere/firn.yaml does not exist (--config)",
        "up --set group.settings.group.nix=1 | firn: unknown setting group.settings.group.nix: Apache Kafka's group coordinator has none of that name",
        "up --set group.settings.group.max.session.timeout.ms=x | firn: group.settings: Invalid value x for configuration group.max.session.timeout.ms: Not a number of type INT",
        "up --data a --data b           | firn: option '--data' (DIR) should be specified only once (see firn up --help)",
        "up --data                      | firn: Missing required parameter for option '--data' (DIR) (see firn up --help)",
        "up --set kafka.port            | firn: --set takes key=value, but no key was given in one of them",
        "up --prot 1                    | firn: Unknown options: '--prot', '1' (see firn up --help)",
        "produce                        | firn: Missing required parameter: 'TOPIC' (see firn produce --help)",
        "produce t --header x --bootstrap-server h:1 | firn: --header takes KEY=VALUE, not 'x'",
        "topic create                   | firn: Missing required parameter: 'TOPIC' (see firn topic create --help)",
        "topic create t --partitions x  | firn: Invalid value for option '--partitions': 'x' is not an int (see firn topic create --help)",
        "topic list --bootstrap-server x | firn: --bootstrap-server takes HOST:PORT, not 'x'",
        "broker drain                   | firn: Missing required parameter: 'BROKER' (see firn broker drain --help)",
        "broker drain 1 --at-once 0     | firn: --at-once must be at least 1",
        "broker list --http localhost   | firn: --http takes http://HOST:PORT, not 'localhost'",
        "metadata rebuild x             | firn: Missing required option: '--from=PATH' (see firn metadata rebuild --help)",
        "cp print                       | firn: Missing required parameter: 'PATH' (see firn cp print --help)",
        "cp print /nowhere              | firn: cannot read /nowhere: NoSuchFileException",
        "consume t --offset 5           | firn: --offset goes with --partition, and not with --from-beginning",
        "consume t --group g --partition 1 | firn: --group and --partition exclude each other: a group shares out the partitions itself",
        "segment dump                   | firn: Missing required parameter: 'SEGMENT' (see firn segment dump --help)",
        "segment dump nothing --set cold.file.dir=/nowhere | firn: dump: Cannot read /nowhere as object store: java.nio.file.NoSuchFileException: /nowhere",
        "manifest show --partition 1    | firn: --partition goes with a topic",
        "manifest verify --set cold.file.dir=/nowhere | firn: verify: Cannot read /nowhere as object store: java.nio.file.NoSuchFileException: /nowhere",
        "manifest verify --set cold.provider=s3 | firn: cold.bucket is not set, but cold.provider s3 needs one",
        "manifest verify --set cold.provider=s3 --set cold.bucket=b --set cold.endpoint=x | firn: cold: Endpoint must be http://host:port or https://host:port, not x",
        "bucket takeover --from a       | firn: Missing required option: '--to=CLUSTER-ID' (see firn bucket takeover --help)",
        "bucket takeover --from a --to b.c | firn: --to takes the id of a cluster, not 'b.c'",
        "topic recover t --http localhost | firn: --http takes http://HOST:PORT, not 'localhost'",
        "replay                         | firn: Missing required parameter: 'TOPIC' (see firn replay --help)",
        "replay t --from yesterday      | firn: --from takes an offset, a time (2026-11-01, 2026-11-01T12:30:00Z, @MILLISECONDS), earliest or end, not 'yesterday'",
        "replay t --to-dir d --to-cluster h:1 | firn: --to-dir and --to-cluster exclude each other",
        "replay t --to-topic u          | firn: --to-topic and --client-config go with --to-cluster",
        "replay t --parallel 0          | firn: --parallel must be 1 to 256",
        "consume t --max-messages 0     | firn: --max-messages must be at least 1, --offset and --partition at least 0",
    })
    void wrongUseIsOneLineOnStandardErrorAndExitCodeTwo(String arguments, String message) throws Exception {
        int exitCode = Main.run(arguments.strip().split(" +"));

        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo(message + System.lineSeparator());
        assertThat(exitCode).isEqualTo(Main.USAGE);
    }

    @Test
    void noBrokerThereIsOneLineAndExitCodeOne() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        int exitCode = Main.run("topic", "list", "--bootstrap-server", "127.0.0.1:" + port);

        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("firn: no broker answers at 127.0.0.1:" + port).hasLineCount(1);
        assertThat(exitCode).isEqualTo(Main.FAILED);
    }

    @Test
    void helpNamesEveryCommand() throws Exception {
        assertThat(Main.run("--help")).isEqualTo(Main.OK);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("up ", "topic ", "broker ", "cp ", "produce ", "consume ", "replay ", "segment ", "manifest ", "bucket ", "demo ");
    }

    @ParameterizedTest
    @CsvSource({"up", "topic", "broker", "cp", "produce", "consume", "replay", "segment", "manifest", "bucket", "demo"})
    void everyCommandHasHelp(String command) throws Exception {
        assertThat(Main.run(command, "--help")).isEqualTo(Main.OK);
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("Usage: firn " + command);
    }

    @ParameterizedTest
    @CsvSource({"--version", "-V"})
    void versionNamesFirnAndJava(String option) throws Exception {
        assertThat(Main.run(option)).isEqualTo(Main.OK);
        assertThat(out.toString(StandardCharsets.UTF_8)).startsWith("firn ").contains("Java " + Runtime.version());
    }

    @Test
    void anUnknownCommandIsRefused() throws Exception {
        assertThat(Main.run("upp")).isEqualTo(Main.USAGE);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("firn: Unmatched argument").hasLineCount(1);
    }
}
