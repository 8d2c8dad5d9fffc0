package io.firn.gateway.cli;

import io.firn.gateway.Broker;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.logging.Logging;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code firn demo}: the whole life of a record on a broker of its own. The broker runs in this process, on free ports and in a temporary
 * directory, and is reached through TCP by stock clients like any other; so nothing is left behind if the process is killed but that directory.
 */
@Command(name = "firn demo", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Produces real text, lets it settle into the cold tier, replays it from there and compares every record.",
        footer = {"", "Uses about three times --size on the disk of the temporary directory, and cleans up. Exit code 1: a record differed."})
final class DemoCommand implements Callable<Integer> {

    private static final int MAX_TEXT_BYTES = 48 << 20;
    private static final long MEGABYTE = 1_000_000;
    /** Once on the local disk, once in the object store, and what the text grows by in batches and indexes. */
    private static final int DISK_FACTOR = 3;
    private static final long SETTLE_STALL_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    @Option(names = "--input", paramLabel = "PATH", description = "Text file or directory of text files, also gzipped. Repeatable. Default: this machine's documentation and source text.")
    private List<Path> input = List.of();

    @Option(names = "--size", paramLabel = "MB", defaultValue = "300", description = "How much text to produce, repeating it as needed (default ${DEFAULT-VALUE}).")
    private long sizeMegabytes;

    private DemoDirectory directory;
    /** Volatile: closed by the shutdown hook on Ctrl-C. */
    private volatile Broker broker;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (sizeMegabytes < 1 || sizeMegabytes > 1_000_000) {
            throw new CliFailure(Main.USAGE, "--size must be 1 to 1000000 MB");
        }
        DemoText text = load();
        directory = DemoDirectory.create();
        ShutdownHook hook = ShutdownHook.quiet(this::cleanUp);
        try {
            requireSpace(directory.root());
            BrokerConfig config = config(directory);
            Logging.apply(config.logging());
            broker = Broker.start(config);
            DemoReport report = live(text, "127.0.0.1:" + broker.kafkaPort());
            System.out.print("\n" + report.text(DemoTopic.PARTITIONS));
            return report.same() ? Main.OK : Main.FAILED;
        } finally {
            if (hook.remove()) {
                cleanUp();
            }
        }
    }

    private void cleanUp() throws IOException {
        if (broker != null) {
            broker.close();
        }
        directory.delete();
    }

    private DemoText load() throws IOException {
        DemoText text = DemoText.load(DemoText.inputs(input), MAX_TEXT_BYTES);
        if (text.lines() == 0) {
            throw new CliFailure(Main.USAGE, "found no text to produce; name some with --input PATH");
        }
        System.out.printf("Text: %s lines, %s MB, from %s files%s%n", Figures.count(text.lines()), Figures.megabytes(text.sizeBytes()), Figures.count(text.files()),
                text.unreadable() == 0 ? "" : " (" + text.unreadable() + " could not be read)");
        return text;
    }

    private void requireSpace(Path directory) {
        long free = directory.toFile().getUsableSpace();
        if (free < DISK_FACTOR * sizeMegabytes * MEGABYTE) {
            throw new CliFailure(Main.USAGE, "needs " + DISK_FACTOR * sizeMegabytes + " MB in " + directory.getParent() + ", which has " + Figures.megabytes(free)
                    + " MB free; choose a smaller --size or another TMPDIR");
        }
    }

    private static BrokerConfig config(DemoDirectory directory) {
        return ConfigLoader.of(Map.of("data.dir", directory.data().toString(), "cold.file.dir", directory.cold().toString(), "kafka.port", "0", "http.port", "0",
                "retention.check.interval.ms", "200", "logging.level", "warn"));
    }

    private DemoReport live(DemoText text, String bootstrap) throws IOException, InterruptedException {
        System.out.println("Broker: " + bootstrap + ", everything below " + directory.root());
        try (DemoTopic topic = new DemoTopic(bootstrap)) {
            topic.create();
            Pass written = produce(topic, text);
            System.out.println("Produced. Reading it while it is hot.");
            Pass hot = read(topic, "read hot", written.bytes());
            DemoDirectory.Content localBefore = directory.localSegments();
            System.out.println("Letting it settle: segments are sealed, offloaded, and leave the local disk.");
            topic.letItSettle();
            settle(topic, localBefore);
            System.out.println("Replaying from offset 0 out of the cold tier.");
            Pass cold = read(topic, "read cold", written.bytes());
            return new DemoReport(written, hot, cold, localBefore, directory.localSegments(), directory.coldSegments());
        }
    }

    private Pass produce(DemoTopic topic, DemoText text) {
        long total = sizeMegabytes * MEGABYTE;
        try (Progress progress = progress("produce", total)) {
            return topic.produce(text, total, progress);
        }
    }

    private static Pass read(DemoTopic topic, String label, long totalBytes) throws InterruptedException {
        try (Progress progress = progress(label, totalBytes)) {
            return topic.readAll(progress);
        }
    }

    private void settle(DemoTopic topic, DemoDirectory.Content before) throws IOException, InterruptedException {
        try (Progress progress = progress("leave the local disk", before.bytes())) {
            long movedNanos = System.nanoTime();
            DemoTopic.TierOffsets last = topic.tiers();
            while (!last.allCold()) {
                LockSupport.parkNanos(LOOK_NANOS);
                DemoTopic.TierOffsets now = topic.tiers();
                if (!now.equals(last)) {
                    movedNanos = System.nanoTime();
                    last = now;
                } else if (System.nanoTime() - movedNanos > SETTLE_STALL_NANOS) {
                    throw new CliFailure(Main.FAILED, "nothing moved for " + TimeUnit.NANOSECONDS.toSeconds(SETTLE_STALL_NANOS) + " s: of " + now.end() + " records "
                            + now.coldEnd() + " are in the cold tier and " + (now.end() - now.localStart()) + " still on the local disk");
                }
                DemoDirectory.Content local = directory.localSegments();
                progress.update(Math.max(0, before.bytes() - local.bytes()), local.files() + " local segments, " + directory.coldSegments().files() + " objects");
            }
        }
    }

    private static Progress progress(String label, long totalBytes) {
        return new Progress(System.err, Terminal.isErrorStream(), label, totalBytes, System::nanoTime);
    }
}
