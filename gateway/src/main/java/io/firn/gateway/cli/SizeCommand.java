package io.firn.gateway.cli;

import io.firn.gateway.sizing.MonthlyCost;
import io.firn.gateway.sizing.Prices;
import io.firn.gateway.sizing.Sizing;
import io.firn.gateway.sizing.Workload;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn size}: reckons, and asks nobody. */
@Command(name = "firn size", mixinStandardHelpOptions = true, sortOptions = false, versionProvider = Version.class,
        description = {"Reckons how large a cluster has to be for a load, and what it costs a month.", "Durations are written 90m, 6h, 30d, 2y; the formulas are in the README, Operating."})
final class SizeCommand implements Callable<Integer> {

    private static final int LEAST_BROKERS = 3;
    private static final int MOST_BROKERS = 1_000;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,6})([mhdy])");
    /** Prices that are older are said to be. */
    private static final int OLD_DAYS = 365;

    @Option(names = "--rate", paramLabel = "MB/S", required = true, description = "What is produced in all, compressed as the producers send it.")
    private double rate;

    @Option(names = "--retention", paramLabel = "TIME", required = true, description = "How long records are kept; of those that are kept for ever, the age of which you want to know.")
    private String retention;

    @Option(names = "--local-retention", paramLabel = "TIME", defaultValue = "6h", description = "How long they are on local disks too (default ${DEFAULT-VALUE}).")
    private String localRetention;

    @Option(names = "--outage-reserve", paramLabel = "TIME", defaultValue = "6h", description = "How long the bucket may be away without producers noticing (default ${DEFAULT-VALUE}).")
    private String outageReserve;

    @Option(names = "--replication-factor", paramLabel = "N", defaultValue = "3", description = "Replicas of a partition (default ${DEFAULT-VALUE}).")
    private int replicas;

    @Option(names = "--consumers", paramLabel = "N", defaultValue = "1", description = "How often each record is read while it is new (default ${DEFAULT-VALUE}).")
    private double consumers;

    @Option(names = "--cold-rate", paramLabel = "MB/S", defaultValue = "0", description = "What is read from the bucket, on average (default ${DEFAULT-VALUE}).")
    private double coldRate;

    @Option(names = "--partitions", paramLabel = "N", defaultValue = "30", description = "Partitions that the load is spread over (default ${DEFAULT-VALUE}).")
    private int partitions;

    @Option(names = "--segment-bytes", paramLabel = "BYTES", defaultValue = "1073741824", description = "segment.bytes of the topics (default ${DEFAULT-VALUE}).")
    private long segmentBytes;

    @Option(names = "--segment-age", paramLabel = "TIME", defaultValue = "7d", description = "segment.ms of the topics (default ${DEFAULT-VALUE}).")
    private String segmentAge;

    @Option(names = "--rack-aware", description = "Consumers say client.rack, and read in their own zone.")
    private boolean rackAware;

    @Option(names = "--brokers", paramLabel = "N", description = "How many; with --prices, as many of their machines as are enough if not given.")
    private Optional<Integer> brokers = Optional.empty();

    @Option(names = "--prices", paramLabel = "FILE", description = "What things cost, and what a broker's machine has; conf/ of a release has an example.")
    private Optional<Path> prices = Optional.empty();

    @Override
    public Integer call() {
        try {
            Workload workload = new Workload(rate, duration(retention), duration(localRetention), duration(outageReserve), replicas, consumers, coldRate, partitions, segmentBytes, duration(segmentAge), rackAware);
            Optional<Prices> read = prices.isPresent() ? Optional.of(Prices.read(prices.get())) : Optional.empty();
            Sizing sizing = new Sizing(workload, brokers.orElseGet(() -> read.map(machine -> enough(workload, machine)).orElse(Math.max(LEAST_BROKERS, replicas))));
            System.out.print(text(sizing) + read.map(known -> costs(sizing, known, LocalDate.now())).orElse("Give --prices FILE for what it costs.\n"));
            return Main.OK;
        } catch (NoSuchFileException missing) {
            throw new CliFailure(Main.USAGE, prices.orElseThrow() + " does not exist (--prices)");
        } catch (IOException unreadable) {
            throw new CliFailure(Main.USAGE, prices.orElseThrow() + " cannot be read (--prices): " + unreadable.getMessage());
        } catch (IllegalArgumentException wrong) {
            throw new CliFailure(Main.USAGE, wrong.getMessage());
        }
    }

    /** As many machines of that kind as are enough. */
    private static int enough(Workload workload, Prices machine) {
        return IntStream.rangeClosed(Math.max(LEAST_BROKERS, workload.replicas()), MOST_BROKERS).filter(count -> new Sizing(workload, count).fits(machine)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("not even " + MOST_BROKERS + " machines of that kind are enough: the load is larger than a cluster, or there are too many partitions for their disks"));
    }

    static String text(Sizing sizing) {
        Workload workload = sizing.workload();
        return String.format(Locale.ROOT, """
                %s MB/s, kept %s, of that %s on local disks and %s more when the bucket is away, %d replica(s), %d broker(s)
                  each broker    disk      %,14.0f GB   (%.0f %% of it used)
                                 memory    %,14.1f GB   (one broker away)
                                 network   %,14.1f MB/s in, %.1f MB/s out   (one broker away)
                  bucket         stored    %,14.1f TB   when the oldest records expire
                                 PUT, LIST %,14.0f a month
                                 GET       %,14.0f a month
                """, plain(workload.megabytesPerSecond()), days(workload.retention()), days(workload.localRetention()), days(workload.outageReserve()), workload.replicas(), sizing.brokers(),
                sizing.diskBytes() / 1e9, 100 * Sizing.DISK_USE, sizing.memoryBytes() / 1e9, sizing.networkInBytesPerSecond() / 1e6, sizing.networkOutBytesPerSecond() / 1e6, sizing.bucketBytes() / 1e12,
                sizing.writesAMonth(), sizing.readsAMonth());
    }

    static String costs(Sizing sizing, Prices prices, LocalDate today) {
        MonthlyCost cost = MonthlyCost.of(sizing, prices);
        long age = ChronoUnit.DAYS.between(prices.date(), today);
        return String.format(Locale.ROOT, """
                %s a month, by prices of %s for %s%s
                  brokers        %,14.0f%s
                  storage        %,14.0f
                  PUT, LIST      %,14.0f
                  GET            %,14.0f
                  between zones  %,14.0f   (%d zones)
                  in all         %,14.0f
                """, prices.currency(), prices.date(), prices.region(), age > OLD_DAYS ? " (" + age + " days old: look them up)" : "", cost.brokers(),
                sizing.fits(prices) ? "" : "   (machines of that kind are too small for so few)", cost.storage(), cost.writes(), cost.reads(), cost.zones(), prices.zones(), cost.total());
    }

    static Duration duration(String text) {
        Matcher duration = DURATION.matcher(text);
        if (!duration.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no duration: write 90m, 6h, 30d or 2y");
        }
        long number = Long.parseLong(duration.group(1));
        return switch (duration.group(2)) {
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            case "d" -> Duration.ofDays(number);
            default -> Duration.ofDays(365 * number);
        };
    }

    private static String days(Duration duration) {
        return duration.toMinutes() % (24 * 60) == 0 ? duration.toDays() + " d" : duration.toMinutes() % 60 == 0 ? duration.toHours() + " h" : duration.toMinutes() + " min";
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? String.format(Locale.ROOT, "%.0f", number) : Double.toString(number);
    }
}
