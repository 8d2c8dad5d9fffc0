package io.firn.it.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.firn.it.bench.Peer.Mode;
import io.firn.it.bench.Row.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code firn bench}: rounds of the same work on both brokers, in turn, and a table of medians and ratios.
 *
 * <p>In each round each broker is started on an empty directory, warmed with the same load, measured, and stopped; the order of the two
 * changes from round to round, so that what the machine remembers of the one before (page cache, free memory) falls on both alike.
 */
@Command(name = "firn bench", mixinStandardHelpOptions = true, sortOptions = false, description = "Compares Firn with Apache Kafka on this machine.")
public final class Bench implements Callable<Integer> {

    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;
    private static final int KIB = 1024;
    private static final int TRANSACTION_MS = 100;

    @Option(names = "--root", required = true, hidden = true, description = "The checkout.")
    private Path root;

    @Option(names = "--rounds", defaultValue = "5", description = "Rounds; medians need at least five (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--only", split = ",", description = "Parts to run: start, produce, latency, consume, cold, txn, groups, share; with --cluster: failover, produce, roll, boot, replace; with --replay: speed, apart, paced, seek, requests, isolation, kafka. All by default.")
    private List<String> only = List.of();

    @Option(names = "--cluster", description = "Three brokers each instead of one.")
    private boolean cluster;

    @Option(names = "--replay", description = "Cold replay from a bucket that is far away; the result is in replay.md.")
    private boolean replay;

    @Option(names = "--delays", split = ",", description = "With --replay: milliseconds to the first byte of the bucket's answers (default 30,100,200).")
    private List<Integer> delaysMs = List.of(30, 100, 200);

    @Option(names = "--consumers", split = ",", description = "With --replay: numbers of consumers (default 1,4,16).")
    private List<Integer> consumerCounts = List.of(1, 4, 16);

    @Option(names = "--paces", split = ",", description = "With --replay: MiB/s that the consumers of the paced rows take together (default 256).")
    private List<Integer> pacesMib = List.of(256);

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "With --replay: a setting of Firn's broker that is not its default.")
    private Map<String, String> settings = Map.of();

    @Option(names = "--through-server", description = "With --replay: the S3 server answers everything; otherwise ranges of its objects are read from its files by what keeps it far away, since a store elsewhere takes none of the processors here.")
    private boolean throughServer;

    @Option(names = "--durability", split = ",", description = "os, fsync. Both by default.")
    private List<String> durabilities = List.of("os", "fsync");

    @Option(names = "--partitions", split = ",", description = "Partition counts of the produce rows (default 1,6,100); with --replay of the topics (default 1,16,64).")
    private List<Integer> partitionCounts = List.of();

    @Option(names = "--scale", defaultValue = "1", description = "Multiplies the amount of data (default ${DEFAULT-VALUE}).")
    private double scale;

    @Option(names = "--work", description = "Scratch directory; below target/ by default.")
    private Path work;

    @Option(names = "--before", paramLabel = "DIR", description = "Compare with another checkout of Firn instead of Apache Kafka.")
    private Path before;

    private Peer other;
    private Table table;
    private Layout layout;
    private Load load;
    private int topics;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Bench()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        ((Logger) LoggerFactory.getLogger("org.apache.kafka")).setLevel(Level.ERROR);
        if (partitionCounts.isEmpty()) {
            partitionCounts = replay ? List.of(1, 16, 64) : List.of(1, 6, 100);
        }
        other = before == null ? Peer.KAFKA : Peer.BEFORE;
        table = new Table(other);
        layout = Layout.of(root, work == null ? root.resolve("integration-tests/target/bench") : work, Optional.ofNullable(before));
        if (replay) {
            List<String> parts = only.isEmpty() ? ReplayRows.PARTS : only;
            System.out.print(new ReplayRows(layout, new ReplayPlan(parts, rounds, scale, delaysMs, partitionCounts, consumerCounts, pacesMib, settings, throughServer)).measure());
            return 0;
        }
        load = new Load(layout);
        if (only.isEmpty()) {
            only = cluster ? ClusterRows.PARTS : List.of("start", "produce", "latency", "consume", "cold", "txn", "groups", "share");
        }
        ClusterRows clusterRows = new ClusterRows(layout, load, table, only, scale);
        for (int round = 0; round < rounds; round++) {
            for (String durability : durabilities) {
                Mode mode = new Mode(durability.equals("fsync"), false);
                for (Peer peer : order(round)) {
                    System.err.printf("round %d of %d, %s, %s%n", round + 1, rounds, durability, peer);
                    if (cluster) {
                        clusterRows.measure(peer, mode, durability);
                    } else {
                        measure(peer, mode, durability);
                    }
                    save();
                }
            }
            if (only.contains("cold")) {
                for (Peer peer : order(round)) {
                    System.err.printf("round %d of %d, cold replay, %s%n", round + 1, rounds, peer);
                    cold(peer);
                    save();
                }
            }
        }
        System.out.print(table.markdown());
        return 0;
    }

    /** What is there so far, should the run be ended early. */
    private void save() throws IOException {
        Files.writeString(layout.work().resolve("result.md"), table.markdown());
    }

    private Peer[] order(int round) {
        return round % 2 == 0 ? new Peer[] {Peer.FIRN, other} : new Peer[] {other, Peer.FIRN};
    }

    private void measure(Peer peer, Mode mode, String durability) throws IOException, InterruptedException {
        Path data = layout.fresh(peer + "-" + durability);
        try (BrokerProcess broker = peer.start(layout, data, mode)) {
            Admins.create(broker.bootstrap(), "first", 1, Map.of());
            if (only.contains("start")) {
                quiet();
                table.add("resident memory idle, " + durability, "MiB", Target.atMost(0.4), peer, broker.residentMiB());
            }
            warm(broker, mode);
            if (only.contains("produce")) {
                produceRows(peer, broker, mode, durability);
            }
            if (only.contains("latency")) {
                latencyRow(peer, broker, durability);
            }
            if (only.contains("consume") && !mode.fsync()) {
                consumeRows(peer, broker);
            }
            if (only.contains("txn")) {
                transactionRows(peer, broker, mode, durability);
            }
            if (only.contains("groups") && !mode.fsync()) {
                groupRows(peer, broker);
            }
            if (only.contains("share") && !mode.fsync()) {
                shareRow(peer, broker);
            }
            if (only.contains("start")) {
                quiet();
                table.add("resident memory after load, " + durability, "MiB", Target.atMost(0.4), peer, broker.residentMiB());
            }
        }
        if (only.contains("start")) {
            quiet();
            table.add("process start to first acknowledged record, " + durability, "ms", Target.atMost(0.4), peer, FirstAck.measureMs(layout, peer, data, mode, "first"));
        }
        Layout.delete(data);
    }

    private void warm(BrokerProcess broker, Mode mode) throws IOException, InterruptedException {
        String topic = topic(broker, 6, Map.of());
        long records = bytes(200 * MIB, mode) / KIB;
        load.produce(broker.bootstrap(), topic, records, KIB, -1, 16 * KIB);
        load.consume(broker.bootstrap(), topic, records);
        Admins.delete(broker.bootstrap(), topic);
    }

    private void produceRows(Peer peer, BrokerProcess broker, Mode mode, String durability) throws IOException, InterruptedException {
        for (int partitions : partitionCounts) {
            for (int recordBytes : new int[] {100, KIB}) {
                for (String acks : new String[] {"1", "all"}) {
                    long records = bytes(recordBytes == 100 ? 200 * MIB : 600 * MIB, mode) / recordBytes;
                    String topic = topic(broker, partitions, Map.of());
                    quiet();
                    double before = broker.cpuSeconds();
                    Load.Produced produced = load.produce(broker.bootstrap(), topic, records, recordBytes, -1, 16 * KIB, "acks=" + acks, "enable.idempotence=" + acks.equals("all"));
                    double cpu = broker.cpuSeconds() - before;
                    String row = String.format("%d B, %d partition%s, acks=%s, %s", recordBytes, partitions, partitions == 1 ? "" : "s", acks, durability);
                    table.add("produce " + row, "MiB/s", Target.atLeast(1.0), peer, produced.mibPerSecond());
                    table.add("produce p99 at full speed, " + row, "ms", Target.NONE, peer, produced.p99Ms());
                    table.add("CPU per GiB produced, " + row, "s", Target.atMost(0.5), peer, cpu * GIB / ((double) records * recordBytes));
                    Admins.delete(broker.bootstrap(), topic);
                }
            }
        }
    }

    private void latencyRow(Peer peer, BrokerProcess broker, String durability) throws IOException, InterruptedException {
        for (int recordBytes : new int[] {100, KIB}) {
            String topic = topic(broker, 6, Map.of());
            quiet();
            Load.Produced produced = load.produce(broker.bootstrap(), topic, 5_000, recordBytes, 1000, 16 * KIB, "acks=all", "linger.ms=0");
            table.add("produce p99 at 1000 records/s, " + recordBytes + " B, 6 partitions, acks=all, " + durability, "ms", Target.atMost(1.0), peer, produced.p99Ms());
            Admins.delete(broker.bootstrap(), topic);
        }
    }

    private void consumeRows(Peer peer, BrokerProcess broker) throws IOException, InterruptedException {
        for (int partitions : new int[] {1, 6}) {
            long records = bytes(2 * GIB, new Mode(false, false)) / KIB;
            String topic = topic(broker, partitions, peer.hotTopic());
            load.produce(broker.bootstrap(), topic, records, KIB, -1, 64 * KIB, "acks=1", "linger.ms=5");
            quiet();
            double before = broker.cpuSeconds();
            double speed = load.consume(broker.bootstrap(), topic, records);
            double cpu = broker.cpuSeconds() - before;
            String row = "1 KiB, " + partitions + (partitions == 1 ? " partition" : " partitions");
            table.add("consume hot " + row, "MiB/s", Target.atLeast(1.0), peer, speed);
            table.add("CPU per GiB consumed, " + row, "s", Target.atMost(0.8), peer, cpu * GIB / ((double) records * KIB));
            Admins.delete(broker.bootstrap(), topic);
        }
    }

    private void transactionRows(Peer peer, BrokerProcess broker, Mode mode, String durability) throws IOException, InterruptedException {
        long records = bytes(300 * MIB, mode) / KIB;
        for (boolean transactional : new boolean[] {false, true}) {
            String topic = topic(broker, 6, Map.of());
            String[] extra = transactional ? new String[] {"acks=all", "enable.idempotence=true", "transactional.id=" + topic} : new String[] {"acks=all", "enable.idempotence=true"};
            quiet();
            double before = broker.cpuSeconds();
            Load.Produced produced = load.produce(broker.bootstrap(), topic, records, KIB, -1, 16 * KIB, transactional ? TRANSACTION_MS : 0, extra);
            double cpu = broker.cpuSeconds() - before;
            String row = (transactional ? "in transactions of " + TRANSACTION_MS + " ms" : "idempotent") + ", 1 KiB, 6 partitions, " + durability;
            table.add("produce " + row, "MiB/s", Target.atLeast(1.0), peer, produced.mibPerSecond());
            table.add("CPU per GiB produced " + row, "s", Target.atMost(0.5), peer, cpu * GIB / ((double) records * KIB));
            Admins.delete(broker.bootstrap(), topic);
        }
    }

    private void groupRows(Peer peer, BrokerProcess broker) throws IOException, InterruptedException {
        for (String protocol : new String[] {"classic", "consumer"}) {
            String topic = "bench-" + topics++;
            Rebalance.Took took = Rebalance.measure(broker.bootstrap(), topic, protocol);
            table.add("member joins 49, " + protocol + " protocol", "ms", Target.atMost(1.0), peer, took.joinMs());
            table.add("member leaves 49, " + protocol + " protocol", "ms", Target.atMost(1.0), peer, took.leaveMs());
            Admins.delete(broker.bootstrap(), topic);
        }
    }

    private void shareRow(Peer peer, BrokerProcess broker) throws IOException, InterruptedException {
        long records = bytes(300 * MIB, new Mode(false, false)) / KIB;
        String topic = topic(broker, 6, peer.hotTopic());
        load.produce(broker.bootstrap(), topic, records, KIB, -1, 64 * KIB, "acks=1", "linger.ms=5");
        Admins.readShareGroupFromStart(broker.bootstrap(), topic);
        quiet();
        double before = broker.cpuSeconds();
        double speed = load.share(broker.bootstrap(), topic, records);
        table.add("share group of 4 consumers, 1 KiB, 6 partitions", "MiB/s", Target.atLeast(1.0), peer, speed);
        table.add("CPU per GiB shared, 1 KiB, 6 partitions", "s", Target.atMost(0.8), peer, (broker.cpuSeconds() - before) * GIB / ((double) records * KIB));
        Admins.delete(broker.bootstrap(), topic);
    }

    private void cold(Peer peer) throws IOException, InterruptedException {
        Path data = layout.fresh(peer + "-cold");
        Layout.delete(layout.work().resolve(peer + "-cold-remote"));
        try (BrokerProcess broker = peer.start(layout, data, new Mode(false, true))) {
            warm(broker, new Mode(false, false));
            long records = bytes(GIB, new Mode(false, false)) / KIB;
            String hot = topic(broker, 1, peer.hotTopic());
            load.produce(broker.bootstrap(), hot, records, KIB, -1, 64 * KIB, "acks=1", "linger.ms=5");
            String cold = topic(broker, 1, peer.tieredTopic((int) Math.max(MIB, 64 * MIB * scale)));
            load.produce(broker.bootstrap(), cold, records, KIB, -1, 64 * KIB, "acks=1", "linger.ms=5");
            Admins.awaitCold(broker.bootstrap(), cold, 0.1);
            quiet();
            double hotSpeed = load.consume(broker.bootstrap(), hot, records);
            quiet();
            double before = broker.cpuSeconds();
            double coldSpeed = load.consume(broker.bootstrap(), cold, records);
            double cpu = broker.cpuSeconds() - before;
            table.add("cold replay 1 KiB, 1 partition", "MiB/s", Target.atLeast(1.5), peer, coldSpeed);
            table.add("cold replay ÷ own hot consume, 1 partition", "", Target.NONE, peer, coldSpeed / hotSpeed);
            table.add("CPU per GiB replayed cold", "s", Target.NONE, peer, cpu * GIB / ((double) records * KIB));
        }
        Layout.delete(data);
        Layout.delete(layout.work().resolve(peer + "-cold-remote"));
    }

    private String topic(BrokerProcess broker, int partitions, Map<String, String> configs) throws InterruptedException {
        String name = "bench-" + topics++;
        Admins.create(broker.bootstrap(), name, partitions, configs);
        return name;
    }

    /** Forcing each batch is slow on some peers: less data gives the same figure. */
    private long bytes(long full, Mode mode) {
        return (long) (full * scale / (mode.fsync() ? 4 : 1));
    }

    /** Lets the machine write back what the run before left, so that it is not counted here. */
    static void quiet() throws IOException, InterruptedException {
        new ProcessBuilder("sync").inheritIO().start().waitFor();
        TimeUnit.SECONDS.sleep(1);
    }
}
