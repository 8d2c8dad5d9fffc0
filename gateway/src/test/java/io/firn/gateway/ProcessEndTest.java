package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Consensus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ProcessEndTest {

    private static final Path UNIT = Path.of("release/src/dist/systemd/firn.service");

    /** A broker with a failed disk that systemd starts again takes leaderships and drops them, for ever. */
    @Test
    void theServiceIsNotStartedAgainAfterTheEndsThatNeedSomebody() throws IOException {
        List<Integer> ends = new ArrayList<>(Stream.of(ProcessEnd.values()).map(ProcessEnd::exitCode).toList());
        ends.add(Consensus.FAIL_STOP_EXIT);

        assertThat(Stream.of(unit("RestartPreventExitStatus").split(" ")).map(Integer::valueOf)).containsExactlyInAnyOrderElementsOf(ends);
    }

    /** A name, an address or a bucket that comes up later than the broker after a power cut. */
    @Test
    void theServiceIsStartedAgainAfterAllOthersAndNeverGivenUp() throws IOException {
        assertThat(unit("Restart")).isEqualTo("on-failure");
        assertThat(unit("StartLimitIntervalSec")).isEqualTo("0");
        assertThat(unit("RestartPreventExitStatus").split(" ")).doesNotContain("1", "2");
        assertThat(Integer.parseInt(unit("RestartSec"))).isBetween(5, 60);
    }

    private static String unit(String key) throws IOException {
        return Files.readAllLines(UNIT).stream().filter(line -> line.startsWith(key + "=")).map(line -> line.substring(key.length() + 1)).findFirst().orElseThrow();
    }
}
