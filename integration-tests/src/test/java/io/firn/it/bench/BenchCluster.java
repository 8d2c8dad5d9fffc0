package io.firn.it.bench;

import io.firn.it.harness.FreePorts;
import io.firn.it.harness.KafkaServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Three brokers of one peer as processes that form a cluster, all of them voters (Kafka: broker and controller combined), and more that only serve. Each has the JVM flags its own start
 * script gives. For one thread.
 */
final class BenchCluster implements AutoCloseable {

    static final int VOTERS = 3;

    /** Kafka's settings for clusters of three, and so Firn's defaults. */
    private static final Map<String, String> KAFKA = Map.of("offsets.topic.replication.factor", "3", "transaction.state.log.replication.factor", "3", "transaction.state.log.min.isr", "2",
            "share.coordinator.state.topic.replication.factor", "3", "share.coordinator.state.topic.min.isr", "2", "default.replication.factor", "3", "min.insync.replicas", "2");

    private record Seat(int kafkaPort, int clusterPort, int peerPort) {
        static Seat free() {
            return new Seat(FreePorts.next(), FreePorts.next(), FreePorts.next());
        }
    }

    private final Layout layout;
    private final Peer peer;
    private final Path directory;
    private final Peer.Mode mode;
    private final Map<Integer, Seat> seats = new TreeMap<>();
    private final Map<Integer, BrokerProcess> running = new TreeMap<>();

    private BenchCluster(Layout layout, Peer peer, Path directory, Peer.Mode mode) {
        this.layout = layout;
        this.peer = peer;
        this.directory = directory;
        this.mode = mode;
    }

    /** A new cluster on an empty directory, whole. */
    static BenchCluster form(Layout layout, Peer peer, Peer.Mode mode) throws IOException, InterruptedException {
        BenchCluster cluster = new BenchCluster(layout, peer, layout.fresh(peer + "-cluster"), mode);
        for (int id = 1; id <= VOTERS; id++) {
            cluster.seats.put(id, Seat.free());
        }
        for (int id = 1; id <= VOTERS; id++) {
            cluster.start(id, "--form");
        }
        Admins.awaitWhole(cluster.bootstrap(), VOTERS);
        return cluster;
    }

    /** Starts a broker and does not wait. */
    void start(int id) throws IOException, InterruptedException {
        start(id, "");
    }

    private void start(int id, String option) throws IOException, InterruptedException {
        Seat seat = seats.get(id);
        List<String> command = peer == Peer.KAFKA ? kafka(id, seat) : firn(id, seat);
        if (peer != Peer.KAFKA && !option.isEmpty()) {
            command.add(option);
        }
        running.put(id, BrokerProcess.start(command, "127.0.0.1:" + seat.kafkaPort(), directory.resolve("broker-" + id + ".log")));
    }

    private List<String> kafka(int id, Seat seat) throws IOException, InterruptedException {
        Map<Integer, String> voters = seats.entrySet().stream().filter(entry -> entry.getKey() <= VOTERS)
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> "127.0.0.1:" + entry.getValue().clusterPort()));
        Map<String, String> settings = new TreeMap<>(KAFKA);
        if (mode.fsync()) {
            settings.put("log.flush.interval.messages", "1");
        }
        KafkaServer server = new KafkaServer(layout.kafkaClassPath(), layout.work());
        return server.command(server.prepare(Files.createDirectories(data(id)), new KafkaServer.Member(id, "127.0.0.1", seat.kafkaPort(), seat.clusterPort(), voters), settings), Peer.JVM);
    }

    private List<String> firn(int id, Seat seat) {
        Path launcher = peer == Peer.BEFORE ? layout.before().orElseThrow().resolve("firn") : layout.firnLauncher();
        String voters = seats.keySet().stream().filter(voter -> voter <= VOTERS).map(Object::toString).collect(Collectors.joining(","));
        String seeds = seats.values().stream().map(each -> "127.0.0.1:" + each.clusterPort()).collect(Collectors.joining(","));
        List<String> command = new ArrayList<>(List.of(launcher.toString(), "up", "--data", data(id).toString(), "--kafka-port", "" + seat.kafkaPort(), "--http-port", "0"));
        Map<String, String> settings = Map.of("node.id", "" + id, "cluster.voters", voters, "cluster.name", "bench", "cluster.seeds", seeds, "cluster.port", "" + seat.clusterPort(),
                "peer.port", "" + seat.peerPort(), "cold.file.dir", directory.resolve("bucket").toString(), "log.durability", mode.fsync() ? "fsync" : "os", "logging.level", "warn");
        settings.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
        return command;
    }

    private Path data(int id) {
        return directory.resolve("data-" + id);
    }

    /** A broker that was not there before, with an empty directory. */
    void add(int id) throws IOException, InterruptedException {
        seats.put(id, Seat.free());
        start(id);
    }

    void kill9(int id) throws InterruptedException {
        running.remove(id).kill9();
    }

    void kill9All() throws InterruptedException {
        running.values().forEach(broker -> broker.process().destroyForcibly());
        for (int id : List.copyOf(running.keySet())) {
            kill9(id);
        }
    }

    /** SIGTERM, and waits until it is gone. */
    void stop(int id) throws InterruptedException {
        running.remove(id).close();
    }

    /** Of all brokers that have a place, running or not. */
    String bootstrap() {
        return seats.values().stream().map(seat -> "127.0.0.1:" + seat.kafkaPort()).collect(Collectors.joining(","));
    }

    /** User and system time of all brokers that run, so far. */
    double cpuSeconds() throws IOException {
        double sum = 0;
        for (BrokerProcess broker : running.values()) {
            sum += broker.cpuSeconds();
        }
        return sum;
    }

    /** What a broker has on its disk, in MiB. */
    double dataMiB(int id) throws IOException {
        try (Stream<Path> files = Files.walk(data(id))) {
            return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum() / 1048576.0;
        }
    }

    @Override
    public void close() throws InterruptedException {
        for (int id : List.copyOf(running.keySet())) {
            kill9(id);
        }
    }
}
