package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class UpArgumentsTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "", "--config firn.yaml", "--data=/d --kafka-port 0 --http-port=1", "--set a=b --set=c=d=e --data x", "--set a= --set=b=", "--kafka-port 1 --set kafka.port=2",
    })
    void thePlainCaseIsReadAsPicocliReadsIt(String line) {
        String[] args = line.isEmpty() ? new String[0] : line.split(" ");
        UpCommand command = new UpCommand();
        new CommandLine(command).parseArgs(args);

        assertThat(UpArguments.plain(args)).contains(command.arguments());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h", "--version", "--nope 1", "--data", "--data --http-port 1", "--data a --data b", "x", "--data=\"a\""})
    void allElseIsLeftToPicocli(String line) {
        assertThat(UpArguments.plain(line.split(" "))).isEmpty();
    }

    @Test
    void namedOptionsWinOverSet() {
        UpArguments arguments = UpArguments.plain("--kafka-port", "1", "--config", "f", "--set", "kafka.port=2").orElseThrow();

        assertThat(arguments.config()).contains(Path.of("f"));
        assertThat(arguments.settings()).extracting("key", "value", "source")
                .containsExactly(org.assertj.core.groups.Tuple.tuple("kafka.port", "2", "--set"), org.assertj.core.groups.Tuple.tuple("kafka.port", "1", "--kafka-port"));
    }
}
