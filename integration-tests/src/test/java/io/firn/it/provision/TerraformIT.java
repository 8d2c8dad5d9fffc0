package io.firn.it.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.it.harness.ProcessResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything of {@code terraform/} that needs no account. What is tested, and with what, stands in {@code terraform/test.sh}; its parts are run one by one, so that one that is skipped is seen as skipped. */
class TerraformIT {

    private static final Path REPOSITORY = Path.of("..").toAbsolutePath().normalize();
    private static final Path SCRIPT = REPOSITORY.resolve("terraform/test.sh");
    private static final Path WORK = Path.of("target").toAbsolutePath();
    private static final Duration LIMIT = Duration.ofMinutes(15);
    private static final int SKIPPED = 77;

    @ParameterizedTest
    @ValueSource(strings = {"fmt", "aws", "local", "keeps", "units", "lint", "alerts"})
    void holds(String part) {
        test(part);
    }

    @Test
    void userDataWritesSettingsThatABrokerAccepts() throws IOException {
        test("user-data");
        Path machine = WORK.resolve("firn-terraform-test/user-data/machine/first");
        Map<String, String> environment = Files.readAllLines(machine.resolve("run/firn-prepare/environment")).stream().filter(line -> line.contains("_HOST=")).map(line -> line.split("="))
                .collect(Collectors.toMap(line -> line[0], line -> line[1].replace("\"", "")));
        BrokerConfig config = ConfigLoader.load(Optional.of(machine.resolve("etc/firn/firn.yaml")), environment, List.of());
        assertThat(config.node().id()).isEqualTo(1);
        assertThat(config.cluster().voterIds()).containsExactly(1, 2, 3);
        assertThat(config.kafka().host()).isEqualTo("10.0.0.7");
        assertThat(config.cold().provider()).isEqualTo("s3");
        assertThat(config.log().durability()).isEqualTo("os");
        assertThat(config.topic().defaults()).containsEntry("local.retention.ms", "3600000");
    }

    private static void test(String part) {
        ProcessResult result = ProcessResult.of(List.of("bash", SCRIPT.toString(), "--work", WORK.toString(), part), "", LIMIT);
        System.out.print(result.output());
        List<String> reasons = result.lines().stream().filter(line -> line.startsWith("SKIPPED")).toList();
        if (result.exitCode() == SKIPPED) {
            assertThat(reasons).as("what was skipped says why").isNotEmpty();
            assumeTrue(false, reasons.stream().collect(Collectors.joining("; ")));
        }
        assertThat(result.exitCode()).as(result.all()).isZero();
        assertThat(reasons).as("nothing is skipped silently").isEmpty();
        assertThat(result.lines()).as("something was tested").anyMatch(line -> line.startsWith("passed: "));
    }
}
