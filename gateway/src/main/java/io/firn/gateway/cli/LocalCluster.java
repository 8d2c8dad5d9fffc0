package io.firn.gateway.cli;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A cluster of brokers on this machine, as its directory says. Immutable.
 *
 * <pre>
 *   broker-1/firn.yaml   settings, written once: the brokers keep their ports. Can be changed, and given to "firn up --config"
 *   broker-1/data/       what the broker stores
 *   broker-1/log         what it has said, of all its runs
 *   cold/                the bucket of all of them
 *   formed               there when the cluster was formed: from then on it is not told to again
 * </pre>
 */
record LocalCluster(Path directory, List<Member> members) {

    /** Between the ports of two brokers. */
    private static final int PORT_STEP = 100;

    /**
     * Where free ports are looked for: below those that operating systems give to outgoing connections, which would take a port between two runs of its broker, or before the first.
     */
    private static final int LOWEST_FREE = 10_000;
    private static final int ABOVE_FREE = 20_000;
    private static final int ATTEMPTS = 1_000;

    /** One broker. */
    record Member(int id, Path directory, BrokerConfig config) {
        Path configFile() {
            return directory.resolve("firn.yaml");
        }

        Path log() {
            return directory.resolve("log");
        }

        String bootstrap() {
            return config.kafka().host() + ":" + config.kafka().port();
        }
    }

    /** Ports of one broker. */
    private record Ports(int kafka, int peer, int http, int cluster) {

        /** @param kafka of the first broker; 0 picks free ones */
        static List<Ports> of(int brokers, int kafka) throws IOException {
            if (kafka > 0) {
                return IntStream.range(0, brokers).map(i -> i * PORT_STEP).mapToObj(by -> kafka + by).map(port -> new Ports(port, port + 1, port + 2, port + 3)).toList();
            }
            List<Integer> free = free(4 * brokers);
            return IntStream.range(0, brokers).map(i -> 4 * i).mapToObj(i -> new Ports(free.get(i), free.get(i + 1), free.get(i + 2), free.get(i + 3))).toList();
        }

        /** All are held until the last is known, so that they differ. */
        private static List<Integer> free(int count) throws IOException {
            List<ServerSocket> held = new ArrayList<>();
            try {
                for (int attempt = 0; attempt < ATTEMPTS && held.size() < count; attempt++) {
                    hold(ThreadLocalRandom.current().nextInt(LOWEST_FREE, ABOVE_FREE)).ifPresent(held::add);
                }
                if (held.size() < count) {
                    throw new BindException("found no " + count + " free ports from " + LOWEST_FREE + " to " + (ABOVE_FREE - 1));
                }
                return held.stream().map(ServerSocket::getLocalPort).toList();
            } finally {
                for (ServerSocket socket : held) {
                    socket.close();
                }
            }
        }

        private static Optional<ServerSocket> hold(int port) {
            try {
                return Optional.of(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
            } catch (IOException inUse) {
                return Optional.empty();
            }
        }
    }

    /**
     * The cluster of a directory, which is made if there is none.
     *
     * @param brokers how many; of a directory that has a cluster, as many as that has
     * @param kafkaPort of the first broker, if the cluster is new; 0 picks free ports
     */
    static LocalCluster at(Path directory, int brokers, int kafkaPort) {
        try {
            Path absolute = directory.toAbsolutePath().normalize();
            long there = there(absolute);
            if (there == 0) {
                write(absolute, Ports.of(brokers, kafkaPort));
            } else if (there != brokers) {
                throw new CliFailure(Main.USAGE, absolute + " has a cluster of " + there + " brokers, not " + brokers);
            }
            return new LocalCluster(absolute, IntStream.rangeClosed(1, brokers).mapToObj(id -> member(absolute, id)).toList());
        } catch (IOException e) {
            throw new CliFailure(Main.USAGE, "cannot use the directory " + directory + " (--data): " + e);
        }
    }

    private static long there(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return 0;
        }
        try (Stream<Path> names = Files.list(directory)) {
            return names.filter(path -> Files.exists(path.resolve("firn.yaml"))).count();
        }
    }

    private static Member member(Path directory, int id) {
        Path own = directory.resolve("broker-" + id);
        return new Member(id, own, ConfigLoader.load(Optional.of(own.resolve("firn.yaml")), Map.of(), List.of()));
    }

    private static void write(Path directory, List<Ports> ports) throws IOException {
        String seeds = joined(ports, one -> "127.0.0.1:" + one.cluster());
        String voters = IntStream.rangeClosed(1, voters(ports.size())).mapToObj(Integer::toString).collect(Collectors.joining(","));
        String name = "local-" + Long.toHexString(new SecureRandom().nextLong()); // two clusters of one machine must not meet at a port that the one has left
        for (int i = ports.size(); i >= 1; i--) { // the first one last: until then there is no cluster
            Ports own = ports.get(i - 1);
            Path broker = Files.createDirectories(directory.resolve("broker-" + i));
            Files.writeString(broker.resolve("firn.yaml"), """
                    node.id: %d
                    data.dir: "%s"
                    kafka.port: %d
                    peer.port: %d
                    http.port: %d
                    cluster.port: %d
                    cluster.name: "%s"
                    cluster.voters: "%s"
                    cluster.seeds: "%s"
                    # One bucket for all brokers of a cluster.
                    cold.file.dir: "%s"
                    """.formatted(i, broker.resolve("data"), own.kafka(), own.peer(), own.http(), own.cluster(), name, voters, seeds, directory.resolve("cold")));
        }
    }

    private static String joined(List<Ports> ports, Function<Ports, String> text) {
        return ports.stream().map(text).collect(Collectors.joining(","));
    }

    /** As many as can: an odd number up to seven. */
    private static int voters(int brokers) {
        return Math.min(7, brokers % 2 == 1 ? brokers : brokers - 1);
    }

    boolean formed() {
        return Files.exists(directory.resolve("formed"));
    }

    void rememberFormed() {
        try {
            Files.writeString(directory.resolve("formed"), "");
        } catch (IOException e) {
            throw new CliFailure(Main.FAILED, "cannot write to " + directory + ": " + e);
        }
    }

    String bootstrap() {
        return members.stream().map(Member::bootstrap).collect(Collectors.joining(","));
    }
}
