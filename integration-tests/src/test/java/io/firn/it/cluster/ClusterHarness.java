package io.firn.it.cluster;

import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.KafkaNode;
import io.firn.it.harness.KafkaServer;
import io.firn.it.harness.SmallDisk;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/**
 * Brokers 1 to N as processes, each with its own address, ports and data directory, and one object store for all. With one broker nothing of a cluster is set. The last broker's data is on a
 * small disk of its own where mounting is allowed. With {@code -Dfirn.it.broker=kafka} they are Apache Kafka's, which shows whether a test asks for more than Kafka gives.
 *
 * <p>Threading: for one thread at a time, the test's, but for {@link #bootstrap} and {@link #describe}.
 */
final class ClusterHarness implements AutoCloseable {

    static final boolean KAFKA = System.getProperty("firn.it.broker", "firn").equals("kafka");
    private static final int SMALL_DISK_MIB = 512;
    private static final int LOG_LINES_SHOWN = 60;
    /** For a cluster of three JVMs on a machine that has other work. */
    private static final Duration RECOVERY_LIMIT = Duration.ofMinutes(3);

    private final Network network;
    private final ObjectStore store;
    private final Optional<SmallDisk> smallDisk;
    private final Map<Integer, BrokerNode> nodes = new TreeMap<>();

    private ClusterHarness(Network network, ObjectStore store, Optional<SmallDisk> smallDisk) {
        this.network = network;
        this.store = store;
        this.smallDisk = smallDisk;
    }

    /** Brokers that are not started yet; {@code settings} are Firn's, as {@code --set} takes them. */
    static ClusterHarness of(int brokers, Path directory, Map<String, String> settings) {
        return of(brokers, directory, settings, ObjectStore::start);
    }

    /** The same, whose way to the object store goes wrong as the test wants. */
    static ClusterHarness behindProxy(int brokers, Path directory, Map<String, String> settings) {
        return of(brokers, directory, settings, ObjectStore::startBehindProxy);
    }

    private static ClusterHarness of(int brokers, Path directory, Map<String, String> settings, BiFunction<Path, String, ObjectStore> store) {
        Network network = Network.open(brokers);
        if (!network.cuts()) {
            System.out.println("cluster: network namespaces are not allowed here (they take root on Linux): ways between brokers are not cut");
        }
        Path last = directory.resolve("disk-" + brokers);
        Optional<SmallDisk> disk = SmallDisk.mount(last, SMALL_DISK_MIB);
        if (disk.isEmpty()) {
            System.out.println("cluster: mounting is not allowed here (it takes root on Linux): no disk is filled up");
        }
        ClusterHarness cluster = new ClusterHarness(network, store.apply(directory.resolve("bucket"), network.here()), disk);
        IntStream.rangeClosed(1, brokers).forEach(id -> cluster.nodes.put(id, null));
        if (KAFKA) {
            cluster.addKafka(directory);
        } else {
            cluster.addFirn(directory, settings);
        }
        return cluster;
    }

    private void addKafka(Path directory) {
        Map<Integer, Integer> controllers = ports();
        Map<Integer, String> voters = new TreeMap<>();
        controllers.forEach((id, port) -> voters.put(id, network.place(id).host() + ":" + port));
        String factor = Integer.toString(Math.min(3, nodes.size()));
        String minIsr = Integer.toString(Math.min(2, nodes.size()));
        Map<String, String> settings = Map.of("offsets.topic.replication.factor", factor, "transaction.state.log.replication.factor", factor, "transaction.state.log.min.isr", minIsr,
                "share.coordinator.state.topic.replication.factor", factor, "share.coordinator.state.topic.min.isr", minIsr, "default.replication.factor", factor, "min.insync.replicas", minIsr,
                "transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
        nodes.replaceAll((id, none) -> KafkaNode.member(network.place(id),
                new KafkaServer.Member(id, network.place(id).host(), FreePorts.next(), controllers.get(id), voters), data(directory, id), settings));
    }

    private void addFirn(Path directory, Map<String, String> further) {
        Map<Integer, Integer> cluster = ports();
        String seeds = cluster.entrySet().stream().map(port -> network.place(port.getKey()).host() + ":" + port.getValue()).collect(Collectors.joining(","));
        String voters = nodes.keySet().stream().map(Object::toString).collect(Collectors.joining(","));
        nodes.replaceAll((id, none) -> {
            String host = network.place(id).host();
            Map<String, String> settings = new HashMap<>(store.settings());
            settings.putAll(Map.of("node.id", id.toString(), "retention.check.interval.ms", "200", "group.offsets.partitions", "2", "transaction.state.partitions", "2",
                    "group.settings.group.initial.rebalance.delay.ms", "0", "transaction.abort.interval.ms", "1000"));
            if (nodes.size() > 1) {
                settings.putAll(Map.of("cluster.voters", voters, "cluster.name", "it", "cluster.seeds", seeds, "cluster.host", host, "cluster.port", cluster.get(id).toString(),
                        "peer.host", host, "peer.port", Integer.toString(FreePorts.next())));
            }
            settings.putAll(further);
            return FirnNode.at(network.place(id), data(directory, id), settings);
        });
    }

    private Map<Integer, Integer> ports() {
        return nodes.keySet().stream().collect(Collectors.toMap(id -> id, id -> FreePorts.next(), (one, other) -> one, TreeMap::new));
    }

    private Path data(Path directory, int id) {
        return id == nodes.size() && smallDisk.isPresent() ? smallDisk.get().directory().resolve("data") : directory.resolve("data-" + id);
    }

    /** Starts all for the first time, with the order to form a cluster, and waits until all serve. */
    ClusterHarness form() {
        if (nodes.size() > 1) {
            nodes.values().forEach(node -> {
                if (node instanceof FirnNode firn) {
                    firn.once("--form");
                }
            });
        }
        nodes.values().forEach(BrokerNode::begin);
        awaitReady();
        return this;
    }

    Set<Integer> ids() {
        return nodes.keySet();
    }

    /** {@code min.insync.replicas} with which one broker may be missing. */
    int minInSync() {
        return Math.min(2, nodes.size());
    }

    short replicationFactor() {
        return (short) Math.min(3, nodes.size());
    }

    BrokerNode broker(int id) {
        return nodes.get(id);
    }

    Network network() {
        return network;
    }

    ObjectStore store() {
        return store;
    }

    /** The disk of {@link #brokerOnSmallDisk}. */
    Optional<SmallDisk> smallDisk() {
        return smallDisk;
    }

    int brokerOnSmallDisk() {
        return nodes.size();
    }

    String bootstrap() {
        return nodes.values().stream().map(BrokerNode::bootstrap).collect(Collectors.joining(","));
    }

    /** SIGKILL, all at the same moment, and waits until they are gone. */
    void kill9(Collection<Integer> ids) {
        ids.parallelStream().forEach(id -> nodes.get(id).kill9());
    }

    /** Starts those that do not run, and waits until they serve. */
    void startMissing() {
        nodes.values().stream().filter(node -> !node.alive()).forEach(BrokerNode::begin);
        awaitReady();
    }

    /** Waits until every process serves, every broker is in the cluster and every replica of every partition in sync. */
    void awaitReady() {
        nodes.values().forEach(BrokerNode::awaitReady);
        try (Topics topics = Topics.of(bootstrap())) {
            Admin admin = topics.admin();
            Await.until("all brokers in the cluster", RECOVERY_LIMIT, () -> Topics.done(admin.describeCluster().nodes()).size() == nodes.size());
            Await.until("all replicas in sync", RECOVERY_LIMIT, () -> {
                List<String> behind = behind(admin);
                if (!behind.isEmpty()) {
                    throw new IllegalStateException("not in sync: " + behind);
                }
                return true;
            });
        }
    }

    private static List<String> behind(Admin admin) {
        Set<String> names = Topics.done(admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
        return Topics.done(admin.describeTopics(names).allTopicNames()).values().stream()
                .flatMap(topic -> topic.partitions().stream().filter(partition -> !whole(partition)).map(partition -> topic.name() + "-" + partition)).toList();
    }

    private static boolean whole(TopicPartitionInfo partition) {
        return partition.leader() != null && !partition.leader().isEmpty() && partition.isr().size() == partition.replicas().size();
    }

    TopicDescription describe(String topic) {
        try (Topics topics = Topics.of(bootstrap())) {
            return Topics.done(topics.admin().describeTopics(List.of(topic)).allTopicNames()).get(topic);
        }
    }

    /** Which broker leads a partition, as the cluster says. */
    int leader(TopicPartition partition) {
        int[] leader = {0};
        Await.until("a leader of " + partition, RECOVERY_LIMIT, () -> {
            TopicPartitionInfo found = describe(partition.topic()).partitions().get(partition.partition());
            leader[0] = found.leader() == null ? 0 : found.leader().id();
            return nodes.containsKey(leader[0]);
        });
        return leader[0];
    }

    /** The ends of all brokers' logs: what is wanted first when a test failed. */
    void showLogs(Consumer<String> out) {
        nodes.forEach((id, node) -> {
            List<String> lines = node.logText().lines().toList();
            out.accept("--- broker " + id + ", " + (node.alive() ? "running" : "ended") + ", last lines of " + node.log());
            lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()).forEach(out);
        });
    }

    @Override
    public void close() {
        nodes.values().forEach(BrokerNode::close);
        store.close();
        smallDisk.ifPresent(SmallDisk::close);
        network.close();
    }
}
