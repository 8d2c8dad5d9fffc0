package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DemoReportTest {

    private static final DemoDirectory.Content CONTENT = new DemoDirectory.Content(2, 3_000_000);

    @Test
    void equalRecordsAreTheSame() {
        DemoReport report = report(pass("a", "bc"), pass("a", "bc"));

        assertThat(report.same()).isTrue();
        assertThat(report.text(1)).contains("partition 0: 2 records, 3 bytes, crc32c ", ": written = read hot = read cold").doesNotContain("DIFFERS");
    }

    @ParameterizedTest
    @CsvSource({"a,b,ab", "a,b,'b,a'", "a,bc,'ab,c'", "a,b,a", "a,b,'a,b,b'"})
    void anyDifferenceShows(String first, String second, String cold) {
        DemoReport report = report(pass(first, second), pass(cold.split(",")));

        assertThat(report.same()).isFalse();
        assertThat(report.text(1)).contains("DIFFERS");
    }

    private static DemoReport report(Pass written, Pass cold) {
        return new DemoReport(written, written, cold, CONTENT, CONTENT, CONTENT);
    }

    private static Pass pass(String... values) {
        Tally tally = new Tally();
        for (String value : values) {
            tally.add(value.getBytes(UTF_8));
        }
        return new Pass(List.of(tally), 1_000_000_000);
    }
}
