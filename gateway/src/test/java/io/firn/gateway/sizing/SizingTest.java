package io.firn.gateway.sizing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The formulas of the README's "Operating", against figures reckoned by hand. */
class SizingTest {

    private static final long GIB = 1 << 30;
    private static final Prices PRICES = new Prices(LocalDate.of(2026, 11, 1), "north", "EUR", 0.02, 0.005, 0.0004, 0.02, 0.5, 2000, 8, 200, 3);

    @TempDir
    Path directory;

    private static Workload workload() {
        return workload(12, Duration.ofDays(7), false);
    }

    private static Workload workload(int partitions, Duration segmentAge, boolean rackAware) {
        return new Workload(60, Duration.ofDays(30), Duration.ofHours(6), Duration.ofHours(2), 3, 2, 6, partitions, GIB, segmentAge, rackAware);
    }

    @Test
    void diskHoldsLocalRetentionTheReserveAndOpenSegmentsOfAllReplicas() {
        double sealed = 60e6 * 3 * 8 * 3600;
        double open = 12 * 3 * 1_073_741_824.0;

        assertThat(new Sizing(workload(), 4).diskBytes()).isCloseTo((sealed + open) / 4 / 0.8, within(1.0)).isCloseTo(1_632_079_595_520.0, within(1.0));
    }

    @Test
    void slowPartitionsSealTheirSegmentsByAge() {
        // 60 MB/s over 60 000 partitions are 1000 bytes a second each: 3.6 MB in an hour.
        Sizing slow = new Sizing(workload(60_000, Duration.ofHours(1), false), 4);

        assertThat(slow.diskBytes()).isCloseTo((60e6 * 3 * 8 * 3600 + 60_000 * 3 * 3.6e6) / 4 / 0.8, within(1.0));
        assertThat(slow.writesAMonth()).as("an object of less than 20 MiB is one request").isCloseTo(60e6 * 730 * 3600 / 3.6e6 * (1 + 4.140625), within(1.0));
    }

    @Test
    void memoryAndNetworkAreEnoughWhenOneBrokerIsAway() {
        Sizing four = new Sizing(workload(), 4);

        assertThat(four.memoryBytes()).isEqualTo(1_610_612_736 + 60e6 * 3 * 60 / 3);
        assertThat(four.networkInBytesPerSecond()).isEqualTo(62e6);
        assertThat(four.networkOutBytesPerSecond()).isEqualTo(102e6);
        assertThat(new Sizing(new Workload(1, Duration.ofDays(1), Duration.ofHours(1), Duration.ZERO, 1, 0, 0, 1, GIB, Duration.ofDays(1), false), 1).networkInBytesPerSecond()).isEqualTo(1e6);
    }

    @Test
    void theBucketHoldsOneCopyOfAllThatIsKept() {
        assertThat(new Sizing(workload(), 4).bucketBytes()).isEqualTo(60e6 * 30 * 86_400);
    }

    @Test
    void requestsAreThoseOfEachSegmentsLifeAndOfReadingWhatIsOld() {
        double segments = 60e6 * 730 * 3600 / GIB;

        assertThat(new Sizing(workload(), 4).writesAMonth()).isCloseTo(segments * (52 + 2 + 2 + 2 + 0.125 + 0.015625), within(1.0));
        assertThat(new Sizing(workload(), 4).readsAMonth()).isCloseTo(segments * 3.015625 + 6e6 * 730 * 3600 / (5 << 20), within(1.0));
    }

    @Test
    void zonesAreCrossedByProducersReplicasAndConsumersWithoutARack() {
        double month = 730 * 3600;

        assertThat(new Sizing(workload(), 4).zoneBytesAMonth(3)).isCloseTo(60e6 * (2 / 3.0 + 2 + 2 * 2 / 3.0) * month, within(1e3));
        assertThat(new Sizing(workload(12, Duration.ofDays(7), true), 4).zoneBytesAMonth(3)).isCloseTo(60e6 * (2 / 3.0 + 2) * month, within(1e3));
        assertThat(new Sizing(workload(), 4).zoneBytesAMonth(1)).isZero();
        // Of three replicas in two zones one has both others elsewhere, two have one.
        assertThat(new Sizing(workload(12, Duration.ofDays(7), true), 4).zoneBytesAMonth(2)).isCloseTo(60e6 * (1 / 2.0 + 4 / 3.0) * month, within(1e3));
    }

    @Test
    void whatNobodyCanMeanIsRefused() {
        for (double nonsense : new double[] {Double.POSITIVE_INFINITY, Double.NaN, 1e300, -1}) {
            assertThatThrownBy(() -> new Workload(1, Duration.ofDays(1), Duration.ofHours(1), Duration.ZERO, 1, nonsense, 0, 1, GIB, Duration.ofDays(1), false)).hasMessageContaining("read 0 to 10000 times");
            assertThatThrownBy(() -> new Workload(1, Duration.ofDays(1), Duration.ofHours(1), Duration.ZERO, 1, 0, nonsense, 1, GIB, Duration.ofDays(1), false)).hasMessageContaining("from the bucket");
        }
    }

    @Test
    void theCostIsTheSumOfItsParts() {
        Sizing four = new Sizing(workload(), 4);
        MonthlyCost cost = MonthlyCost.of(four, PRICES);

        assertThat(cost.brokers()).isEqualTo(4 * 0.5 * 730);
        assertThat(cost.storage()).isCloseTo(155_520 * 0.02, within(1e-6));
        assertThat(cost.writes()).isCloseTo(four.writesAMonth() / 1000 * 0.005, within(1e-9));
        assertThat(cost.reads()).isCloseTo(four.readsAMonth() / 1000 * 0.0004, within(1e-9));
        assertThat(cost.zones()).isCloseTo(four.zoneBytesAMonth(3) / 1e9 * 0.02, within(1e-9));
        assertThat(cost.total()).isCloseTo(cost.brokers() + cost.storage() + cost.writes() + cost.reads() + cost.zones(), within(1e-9));
    }

    @Test
    void aMachineFitsWhenItsDiskMemoryAndNetworkDo() {
        Sizing four = new Sizing(workload(), 4);

        assertThat(four.fits(PRICES)).isTrue();
        assertThat(four.fits(machine(1_632, 8, 200))).as("disk").isFalse();
        assertThat(four.fits(machine(2000, 4.6, 200))).as("memory").isFalse();
        assertThat(four.fits(machine(2000, 8, 101))).as("network").isFalse();
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> new Sizing(workload(), 2)).hasMessage("3 replicas need as many brokers, not 2");
        assertThatThrownBy(() -> new Workload(0, Duration.ofDays(1), Duration.ofDays(1), Duration.ZERO, 1, 0, 0, 1, GIB, Duration.ofDays(1), false)).hasMessageContaining("rate");
        assertThatThrownBy(() -> new Workload(1, Duration.ofDays(1), Duration.ofDays(2), Duration.ZERO, 1, 0, 0, 1, GIB, Duration.ofDays(1), false)).hasMessageContaining("local disks");
    }

    @Test
    void pricesAreReadFromAFile() throws IOException {
        assertThat(Prices.read(file("2026-11-01", "3"))).isEqualTo(PRICES);
    }

    @Test
    void aPriceThatIsMissingUnknownOrWrongIsNamed() throws IOException {
        assertThatThrownBy(() -> Prices.read(file("yesterday", "3"))).hasMessageContaining("date is 'yesterday'");
        assertThatThrownBy(() -> Prices.read(file("2026-11-01", "many"))).hasMessageContaining("zones is 'many'");
        assertThatThrownBy(() -> Prices.read(file("2026-11-01", "2.5"))).hasMessageContaining("whole number");
        Path unknown = Files.writeString(directory.resolve("unknown"), Files.readString(file("2026-11-01", "3")) + "broker.price=1\n");
        assertThatThrownBy(() -> Prices.read(unknown)).hasMessageContaining("broker.price");
        Path missing = Files.writeString(directory.resolve("missing"), Files.readString(file("2026-11-01", "3")).replace("zone.gb=0.02\n", ""));
        assertThatThrownBy(() -> Prices.read(missing)).hasMessageContaining("does not say zone.gb");
    }

    private static Prices machine(double diskGb, double memoryGb, double networkMb) {
        return new Prices(PRICES.date(), "north", "EUR", 0.02, 0.005, 0.0004, 0.02, 0.5, diskGb, memoryGb, networkMb, 3);
    }

    private Path file(String date, String zones) throws IOException {
        return Files.writeString(directory.resolve("prices"), """
                date=%s
                region=north
                currency=EUR
                storage.gb.month=0.02
                writes.1000=0.005
                reads.1000=0.0004
                zone.gb=0.02
                broker.hour=0.5
                broker.disk.gb=2000
                broker.memory.gb=8
                broker.network.mb=200
                zones=%s
                """.formatted(date, zones));
    }
}
