package io.firn.it.bench;

import io.firn.it.bench.Row.Target;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What {@code firn bench --cluster} measures of three brokers: fail-over, produce with three replicas, rolling restart, cold boot, replacing a broker. For one thread.
 */
final class ClusterRows {

    static final List<String> PARTS = List.of("failover", "produce", "roll", "boot", "replace");

    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;
    private static final int KIB = 1024;
    private static final int PARTITIONS = 12;
    private static final int RECORDS_PER_SECOND = 1_000;
    private static final int HELD_PARTITIONS = 6;

    private final Layout layout;
    private final Load load;
    private final Table table;
    private final Collection<String> parts;
    private final double scale;
    private int topics;

    ClusterRows(Layout layout, Load load, Table table, Collection<String> parts, double scale) {
        this.layout = layout;
        this.load = load;
        this.table = table;
        this.parts = parts;
        this.scale = scale;
    }

    /** One round of one peer, on a new cluster. */
    void measure(Peer peer, Peer.Mode mode, String durability) throws IOException, InterruptedException {
        try (BenchCluster cluster = BenchCluster.form(layout, peer, mode)) {
            warm(cluster);
            if (parts.contains("produce")) {
                produce(peer, cluster, mode, durability);
            }
            if (parts.contains("failover")) {
                failover(peer, cluster, durability);
            }
            if (parts.contains("roll")) {
                roll(peer, cluster, durability);
            }
            if (parts.contains("boot")) {
                boot(peer, cluster, durability);
            }
            if (parts.contains("replace")) {
                replace(peer, cluster, durability);
            }
        }
        Layout.delete(layout.work().resolve(peer + "-cluster"));
    }

    private String topic(BenchCluster cluster, int partitions) throws InterruptedException, IOException {
        return topic(cluster, partitions, Map.of());
    }

    private String topic(BenchCluster cluster, int partitions, Map<String, String> configs) throws InterruptedException, IOException {
        String name = "cluster-" + topics++;
        Admins.createReplicated(cluster.bootstrap(), name, partitions, configs);
        Admins.awaitWhole(cluster.bootstrap(), BenchCluster.VOTERS);
        return name;
    }

    private void warm(BenchCluster cluster) throws IOException, InterruptedException {
        String topic = topic(cluster, 6);
        load.produce(cluster.bootstrap(), topic, (long) (100 * MIB * scale) / KIB, KIB, -1, 16 * KIB, "acks=all");
        Admins.delete(cluster.bootstrap(), topic);
    }

    private void produce(Peer peer, BenchCluster cluster, Peer.Mode mode, String durability) throws IOException, InterruptedException {
        for (int recordBytes : new int[] {100, KIB}) {
            long bytes = (long) ((recordBytes == 100 ? 100 * MIB : 300 * MIB) * scale / (mode.fsync() ? 4 : 1));
            long records = bytes / recordBytes;
            String topic = topic(cluster, 6);
            Bench.quiet();
            double before = cluster.cpuSeconds();
            Load.Produced produced = load.produce(cluster.bootstrap(), topic, records, recordBytes, -1, 16 * KIB, "acks=all");
            double cpu = cluster.cpuSeconds() - before;
            String row = String.format("RF 3, acks=all, %d B, 6 partitions, %s", recordBytes, durability);
            table.add("produce, " + row, "MiB/s", Target.atLeast(1.0), peer, produced.mibPerSecond());
            table.add("CPU of all brokers per GiB produced, " + row, "s", Target.atMost(0.7), peer, cpu * GIB / ((double) records * recordBytes));
            Bench.quiet();
            Load.Produced paced = load.produce(cluster.bootstrap(), topic, 5L * RECORDS_PER_SECOND, recordBytes, RECORDS_PER_SECOND, 16 * KIB, "acks=all", "linger.ms=0");
            table.add("produce p99 at 1000 records/s, " + row, "ms", Target.atMost(1.0), peer, paced.p99Ms());
            Admins.delete(cluster.bootstrap(), topic);
        }
    }

    /** Each of the three is killed once, and comes back before the next. */
    private void failover(Peer peer, BenchCluster cluster, String durability) throws IOException, InterruptedException {
        String topic = topic(cluster, PARTITIONS);
        try (SteadyProducer producer = new SteadyProducer(cluster.bootstrap(), topic, PARTITIONS)) {
            producer.awaitAll(all());
            for (int id = 1; id <= BenchCluster.VOTERS; id++) {
                List<Integer> led = Admins.leaders(cluster.bootstrap(), topic).getOrDefault(id, List.of());
                producer.mark();
                cluster.kill9(id);
                double ms = producer.awaitAll(led);
                if (!led.isEmpty()) {
                    table.add("kill -9 of a leader to an acknowledged produce on each of its partitions, " + durability, "ms", Target.atMost(0.5), peer, ms);
                }
                cluster.start(id);
                Admins.awaitWhole(cluster.bootstrap(), BenchCluster.VOTERS);
                Admins.electPreferred(cluster.bootstrap());
            }
        }
        Admins.delete(cluster.bootstrap(), topic);
    }

    private void roll(Peer peer, BenchCluster cluster, String durability) throws IOException, InterruptedException {
        String topic = topic(cluster, PARTITIONS);
        try (SteadyProducer producer = new SteadyProducer(cluster.bootstrap(), topic, PARTITIONS)) {
            producer.awaitAll(all());
            producer.mark();
            for (int id = 1; id <= BenchCluster.VOTERS; id++) {
                cluster.stop(id);
                cluster.start(id);
                Admins.awaitWhole(cluster.bootstrap(), BenchCluster.VOTERS);
            }
            producer.awaitAll(all());
            table.add("rolling restart: longest time a partition takes nothing, " + durability, "ms", Target.NONE, peer, producer.longestGapMs());
        }
        Admins.delete(cluster.bootstrap(), topic);
    }

    /** After kill -9 of all. */
    private void boot(Peer peer, BenchCluster cluster, String durability) throws IOException, InterruptedException {
        String topic = topic(cluster, PARTITIONS);
        cluster.kill9All();
        Bench.quiet();
        try (SteadyProducer producer = new SteadyProducer(cluster.bootstrap(), topic, PARTITIONS)) {
            producer.mark();
            for (int id = 1; id <= BenchCluster.VOTERS; id++) {
                cluster.start(id);
            }
            table.add("start of all three after kill -9 to an acknowledged produce on every partition, " + durability, "ms", Target.NONE, peer, producer.awaitAll(all()));
        }
        Admins.awaitWhole(cluster.bootstrap(), BenchCluster.VOTERS);
        Admins.delete(cluster.bootstrap(), topic);
    }

    /** A broker dies for good; a new one takes its replicas. Segments are of a size that grows with the amount of data, so that the share of sealed ones does not depend on it. */
    private void replace(Peer peer, BenchCluster cluster, String durability) throws IOException, InterruptedException {
        int segmentBytes = (int) Math.max(MIB, 256 * MIB * scale);
        String topic = topic(cluster, HELD_PARTITIONS, Map.of("segment.bytes", "" + segmentBytes));
        load.produce(cluster.bootstrap(), topic, (long) (10 * GIB * scale) / KIB, KIB, -1, 64 * KIB, "acks=all", "linger.ms=5");
        Admins.awaitWhole(cluster.bootstrap(), BenchCluster.VOTERS);
        if (peer != Peer.KAFKA) {
            Admins.awaitTiered(cluster.bootstrap(), topic, HELD_PARTITIONS, segmentBytes / KIB);
        }
        int successor = BenchCluster.VOTERS + 1;
        cluster.kill9(BenchCluster.VOTERS);
        Bench.quiet();
        long start = System.nanoTime();
        cluster.add(successor);
        Admins.awaitBrokers(cluster.bootstrap(), BenchCluster.VOTERS);
        Admins.replace(cluster.bootstrap(), BenchCluster.VOTERS, successor);
        String row = String.format("replacing a broker that held %.1f GiB, %s", 10 * scale, durability);
        table.add(row, "s", Target.NONE, peer, (System.nanoTime() - start) / 1e9);
        table.add(row + ": on the new one's disk", "MiB", Target.NONE, peer, cluster.dataMiB(successor));
    }

    private static List<Integer> all() {
        return IntStream.range(0, PARTITIONS).boxed().toList();
    }
}
