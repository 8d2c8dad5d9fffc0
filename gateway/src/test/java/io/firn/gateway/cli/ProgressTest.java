package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(shown, true, StandardCharsets.UTF_8);
    private long nowNanos;

    @Test
    void elsewhereThanOnATerminalItPrintsALineNowAndThen() {
        try (Progress progress = new Progress(out, false, "produced", 200_000_000, () -> nowNanos)) {
            at(1_000);
            progress.update(10_000_000);
            at(5_000);
            progress.update(50_000_000, "7 records");
            at(5_001);
            progress.update(60_000_000);
        }

        assertThat(shown.toString(StandardCharsets.UTF_8)).isEqualTo(" produced  25 % 50.0 MB, 10.0 MB/s, 7 records\n".substring(1));
    }

    @Test
    void onATerminalItDrawsABarAndRemovesItAtTheEnd() {
        try (Progress progress = new Progress(out, true, "produced", 200_000_000, () -> nowNanos)) {
            at(1_000);
            progress.update(100_000_000);
        }

        assertThat(shown.toString(StandardCharsets.UTF_8))
                .isEqualTo("\r\u001b[Kproduced [" + "#".repeat(15) + ".".repeat(15) + "]  50 % 100.0 MB, 100.0 MB/s\r\u001b[K");
    }

    @Test
    void withoutATotalThereIsNoShare() {
        Progress progress = new Progress(out, false, "produced", 0, () -> nowNanos);
        at(10_000);

        progress.update(100_000_000);

        assertThat(shown.toString(StandardCharsets.UTF_8)).isEqualTo("produced 100.0 MB, 10.0 MB/s\n");
    }

    @Test
    void thingsThatAreCountedAreShownAsSuch() {
        Progress progress = Progress.of(out, false, "drained", 40, "replicas", () -> nowNanos);
        at(10_000);

        progress.update(10, "3 moving");

        assertThat(shown.toString(StandardCharsets.UTF_8)).isEqualTo("drained  25 % 10 of 40 replicas, 3 moving\n");
    }

    private void at(long ms) {
        nowNanos = TimeUnit.MILLISECONDS.toNanos(ms);
    }
}
