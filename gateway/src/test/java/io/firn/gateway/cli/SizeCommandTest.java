package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.sizing.Prices;
import io.firn.gateway.sizing.Sizing;
import io.firn.gateway.sizing.Workload;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SizeCommandTest {

    /** What releases carry. */
    private static final Path PRICES = Path.of(System.getProperty("basedir", System.getProperty("user.dir"))).resolve("release/src/dist/conf/prices-us-east-1.properties");

    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(out, true, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    @Test
    void tellsWhatEachBrokerNeedsAndWhatTheBucketGets() throws Exception {
        assertThat(Main.run("size", "--rate", "10", "--retention", "30d", "--local-retention", "6h", "--outage-reserve", "2h")).isZero();

        assertThat(out.toString(UTF_8)).startsWith("10 MB/s, kept 30 d, of that 6 h on local disks and 2 h more when the bucket is away, 3 replica(s), 3 broker(s)\n")
                .containsPattern("disk +400 GB").containsPattern("memory +2\\.5 GB").containsPattern("network +15\\.0 MB/s in, 20\\.0 MB/s out").containsPattern("stored +25\\.9 TB")
                .contains("Give --prices FILE").doesNotContain("a month, by prices of");
    }

    @Test
    void takesAsManyMachinesAsAreEnoughAndTellsWhatTheyCost() throws Exception {
        assertThat(Main.run("size", "--rate", "100", "--retention", "1y", "--prices", PRICES.toString())).as(err.toString(UTF_8)).isZero();

        Workload workload = new Workload(100, Duration.ofDays(365), Duration.ofHours(6), Duration.ofHours(6), 3, 1, 0, 30, 1 << 30, Duration.ofDays(7), false);
        Prices prices = Prices.read(PRICES);
        int brokers = Integer.parseInt(out.toString(UTF_8).replaceAll("(?s).*, (\\d+) broker\\(s\\).*", "$1"));
        assertThat(new Sizing(workload, brokers).fits(prices)).isTrue();
        assertThat(new Sizing(workload, brokers - 1).fits(prices)).isFalse();
        assertThat(out.toString(UTF_8)).contains(prices.currency() + " a month, by prices of " + prices.date()).contains("in all").doesNotContain("too small");
    }

    @Test
    void machinesThatAreTooSmallForTheBrokersThatWereAskedForAreNamed() throws Exception {
        assertThat(Main.run("size", "--rate", "100", "--retention", "1y", "--brokers", "3", "--prices", PRICES.toString())).isZero();

        assertThat(out.toString(UTF_8)).contains("machines of that kind are too small for so few");
    }

    @Test
    void oldPricesAreSaidToBeOld() throws Exception {
        Workload workload = new Workload(1, Duration.ofDays(1), Duration.ofHours(1), Duration.ZERO, 3, 1, 0, 3, 1 << 30, Duration.ofDays(1), false);
        Prices prices = Prices.read(PRICES);

        assertThat(SizeCommand.costs(new Sizing(workload, 3), prices, prices.date().plusDays(365))).doesNotContain("days old");
        assertThat(SizeCommand.costs(new Sizing(workload, 3), prices, prices.date().plusDays(366))).contains("(366 days old: look them up)");
        assertThat(prices.date()).isBefore(LocalDate.of(2027, 1, 1));
    }

    @Test
    void durationsAreMinutesHoursDaysOrYears() {
        assertThat(SizeCommand.duration("90m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(SizeCommand.duration("6h")).isEqualTo(Duration.ofHours(6));
        assertThat(SizeCommand.duration("30d")).isEqualTo(Duration.ofDays(30));
        assertThat(SizeCommand.duration("2y")).isEqualTo(Duration.ofDays(730));
    }

    @Test
    void wrongUsageIsOneLine() throws Exception {
        assertThat(Main.run("size", "--rate", "10", "--retention", "for ever")).isEqualTo(2);
        assertThat(Main.run("size", "--rate", "10", "--retention", "1d", "--brokers", "2")).isEqualTo(2);
        assertThat(Main.run("size", "--rate", "10", "--retention", "1d", "--prices", "no/such/file")).isEqualTo(2);

        assertThat(err.toString(UTF_8).lines()).containsExactly("firn: 'for ever' is no duration: write 90m, 6h, 30d or 2y", "firn: 3 replicas need as many brokers, not 2",
                "firn: no/such/file does not exist (--prices)");
    }
}
