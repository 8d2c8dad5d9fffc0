package io.firn.gateway.rig;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.handler.FetchHandler;
import io.firn.gateway.handler.ProduceHandler;
import io.firn.gateway.handler.ReplicaFetchHandler;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.PartitionKeeper;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Replication;
import io.firn.gateway.peer.FetchLimits;
import io.firn.gateway.peer.PeerAddress;
import io.firn.gateway.peer.PeerLinks;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.peer.ReplicaReads;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.gateway.wire.PeerLimits;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.Durability;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.SimDisk;
import io.firn.membership.Answer;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.controller.Controller;
import io.firn.membership.controller.Decision;
import io.firn.membership.controller.Policy;
import io.firn.membership.entry.Entry;
import io.firn.retention.ReplicaLogs;
import io.firn.retention.RetentionConfig;
import io.firn.retention.RetentionWorker;
import io.firn.retention.ScratchSpace;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;

/**
 * Brokers that replicate, in one process: partitions, tiers and both listeners of each are real, over simulated disks, one simulated bucket, and sockets between them. The controller is the real one's decisions, without journal: it
 * tells every broker that is not cut off of each view. Who is alive is for the test to say.
 */
public final class ClusterRig implements AutoCloseable {

    public static final long LAG_MS = 1_500;
    private static final Path HOT = Path.of("/data/hot");
    private static final int CHUNK_BYTES = 64 << 10;

    public final SimObjectStore objects = new SimObjectStore();
    public final ManualClock clock = new ManualClock();
    private final Map<Integer, Node> nodes = new TreeMap<>();
    private final Controller controller = new Controller(Policy.cluster(3, false));
    private final Random random = new Random(1);
    private final ExecutorService controlling = Executors.newSingleThreadExecutor();
    private volatile ClusterView view = ClusterView.EMPTY;

    /** Further APIs of the clients' listeners. */
    private final Function<Node, List<ServedApi>> moreApis;

    private ClusterRig(Function<Node, List<ServedApi>> moreApis) {
        this.moreApis = moreApis;
    }

    /** Brokers 1 to {@code count}, each in a rack of its own: r1, r2... */
    public static ClusterRig started(int count) {
        return started(count, node -> List.of());
    }

    public static ClusterRig started(int count, Function<Node, List<ServedApi>> moreApis) {
        ClusterRig rig = new ClusterRig(moreApis);
        for (int id = 1; id <= count; id++) {
            rig.nodes.put(id, rig.new Node(id));
        }
        rig.nodes.values().forEach(Node::start);
        return rig;
    }

    public Node node(int id) {
        return nodes.get(id);
    }

    public ClusterView view() {
        return view;
    }

    // The controller

    public CompletableFuture<Answer> ask(Command command) {
        return CompletableFuture.supplyAsync(() -> decide(command), controlling);
    }

    public ClusterView submit(Command command) {
        return Await.get(ask(command)).view();
    }

    private Answer decide(Command command) {
        Decision decision = controller.decide(view, command, random);
        if (decision instanceof Decision.Refused refused) {
            throw new CommandRefused(refused.reason(), refused.message());
        }
        Decision.Accepted accepted = (Decision.Accepted) decision;
        ClusterView next = view;
        for (Entry entry : accepted.entries()) {
            next = entry.applyTo(next).at(next.version() + 1, 1);
        }
        view = next;
        nodes.values().forEach(Node::learn);
        return new Answer(next, accepted.partitions());
    }

    public TopicView createTopic(String name, Map<Integer, List<Integer>> assignments, Map<String, String> configs) {
        TopicView topic = submit(new Command.CreateTopic(Uuid.randomUuid(), name, 0, -1, assignments, configs)).topic(name).orElseThrow();
        topic.partitions().forEach(placed -> led(name, placed.partition()));
        return topic;
    }

    public PartitionView placed(String topic, int partition) {
        return view.partition(topic, partition).orElseThrow();
    }

    public void awaitIsr(String topic, int partition, Integer... brokers) {
        Await.until("in sync are " + List.of(brokers), () -> List.copyOf(new TreeSet<>(placed(topic, partition).isr())).equals(List.of(brokers)));
    }

    /** The partition where it is led, once it is. */
    public Partition led(String topic, int partition) {
        AtomicReference<Partition> found = new AtomicReference<>();
        Await.until(topic + "-" + partition + " is led", () -> {
            PartitionView placed = placed(topic, partition);
            Optional<Partition> led = Optional.ofNullable(nodes.get(placed.leader())).flatMap(node -> node.partitions.find(topic, partition))
                    .filter(one -> one.leaderEpoch() == placed.leaderEpoch());
            led.ifPresent(found::set);
            return led.isPresent();
        });
        return found.get();
    }

    /** The partition on a broker that follows, once it does. */
    public Partition followed(int broker, TopicView topic, int partition) {
        AtomicReference<Partition> found = new AtomicReference<>();
        Await.until(topic.name() + "-" + partition + " is followed by " + broker, () -> {
            Optional<Partition> one = node(broker).partitions.followed().stream().filter(any -> any.id().equals(StorageRig.id(topic, partition))).findFirst();
            one.ifPresent(found::set);
            return one.isPresent() && one.get().leaderEpoch() == placed(topic.name(), partition).leaderEpoch();
        });
        return found.get();
    }

    public void configure(String topic, String name, String value) {
        submit(new Command.AlterConfigs(Command.ConfigScope.TOPIC, topic, Map.of(name, Optional.of(value))));
    }

    @Override
    public void close() {
        nodes.values().forEach(Node::stop);
        controlling.shutdown();
    }

    /** One broker. */
    public final class Node {
        public final int id;
        public final SimDisk sim;
        public final GatedDisk disk;
        private SimObjectStore bucket;
        public HotStore hot;
        public Partitions partitions;
        private final Uuid directory = Uuid.randomUuid();
        private Vertx vertx;
        private EventLoops loops;
        private ColdStore cold;
        private RetentionWorker retention;
        private RecompressionPool recompression;
        private PartitionKeeper keeper;
        private PeerLinks peers;
        private KafkaListener clientListener;
        private KafkaListener peerListener;
        /** Logs it leads that went offline. */
        public final List<String> lost = new CopyOnWriteArrayList<>();
        private volatile boolean running;
        private volatile boolean isolated;
        private volatile boolean silent;
        private volatile boolean authorized = true;
        private volatile ClusterView known = ClusterView.EMPTY;
        private volatile long epoch;

        Node(int id) {
            this.id = id;
            this.sim = new SimDisk(id);
            this.disk = new GatedDisk(sim);
        }

        /** Starts, or starts anew over the same disk, as another process. */
        public void start() {
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2).setWorkerPoolSize(1).setInternalBlockingPoolSize(1));
            loops = EventLoops.of(vertx, 2);
            hot = HotStore.open(new HotStoreConfig(HOT, Durability.FSYNC, 0, 2, 86_400_000, 64 << 20), disk, clock, meters);
            bucket = objects.reopened();
            cold = ColdStore.open(new ColdStoreConfig("", "cluster", CHUNK_BYTES, 64 * CHUNK_BYTES, 8, 0, 2, 5_000, 1, 0, false), bucket, clock, meters);
            retention = RetentionWorker.start(new RetentionConfig(10, 0, 1_000, () -> Long.MAX_VALUE / 4), new ScratchSpace(disk, HOT.resolveSibling("scratch")), cold, clock, meters);
            partitions = new Partitions(() -> known);
            recompression = RecompressionPool.start(1);
            peers = new PeerLinks(vertx, loops, ClusterRig.this::address, "broker-" + id, PeerLimits.DEFAULT);
            keeper = new PartitionKeeper(replication(), hot, retention, loops, partitions, new TopicConfigs(id, Map.of())::settings, recompression, clock);
            List<ServedApi> apis = new ArrayList<>(moreApis.apply(this));
            apis.addAll(List.of(
                    ServedApi.of(ApiKeys.PRODUCE, new ProduceHandler(partitions, () -> false, TransactionAdmission.NONE, (delayMs, task) -> () -> {}, clock)),
                    ServedApi.of(ApiKeys.FETCH, new FetchHandler(partitions, () -> known, clock))));
            clientListener = listen(loops, meters, apis);
            ThrottleQuota throttle = new ThrottleQuota(ThrottleQuota.Side.LEADER, id, () -> known, clock::millis);
            peerListener = listen(loops, meters, List.of(ServedApi.of(ApiKeys.FETCH, new ReplicaFetchHandler(partitions, () -> known, false, throttle, clock))));
            join();
        }

        private void join() {
            List<Endpoint> endpoints = List.of(Endpoint.client("127.0.0.1", clientListener.port()), new Endpoint(Endpoint.PEER, "127.0.0.1", peerListener.port()));
            running = true;
            epoch = submit(new Command.RegisterBroker(id, new Incarnation(Uuid.randomUuid(), directory), endpoints, Optional.of("r" + id))).brokers().get(id).epoch();
            Await.get(keeper.start(known));
            submit(new Command.UnfenceBroker(id, epoch, known.version()));
        }

        private Replication replication() {
            return new Replication(id, nowMs -> authorized, () -> epoch, this::send, new FetchLimits(10 << 20, 1 << 20, 200), () -> System.nanoTime() / 1_000_000, LAG_MS, () -> known, this::propose,
                    Optional.of(100L), lost::add);
        }

        /** What was sent before the cut is lost as well, or its answer is. */
        private CompletableFuture<PeerReply> send(int broker, EventLoop loop, AbstractRequest.Builder<?> request, long timeoutMs) {
            if (isCut(broker)) {
                return CompletableFuture.failedFuture(new DisconnectException("cut off by the test"));
            }
            return peers.send(broker, loop, request, timeoutMs).thenCompose(reply -> {
                if (isCut(broker)) {
                    reply.release().run();
                    return CompletableFuture.failedFuture(new DisconnectException("cut off by the test"));
                }
                return CompletableFuture.completedFuture(reply);
            });
        }

        /** What it can read from the disks of others. */
        public ReplicaLogs replicaLogs() {
            return new ReplicaReads(new Peers(id, () -> known, this::send, loops.first()), () -> epoch);
        }

        private boolean isCut(int broker) {
            return isolated || silent || node(broker).isolated;
        }

        private CompletableFuture<Answer> propose(Command command) {
            return isolated ? new CompletableFuture<Answer>().orTimeout(200, TimeUnit.MILLISECONDS) : ask(command);
        }

        private KafkaListener listen(EventLoops loops, SimpleMeterRegistry meters, List<ServedApi> apis) {
            ApiTable[] table = new ApiTable[1];
            List<ServedApi> all = new ArrayList<>(apis);
            all.add(ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> table[0])));
            table[0] = new ApiTable(all);
            BrokerConfig.Kafka config = new BrokerConfig.Kafka("127.0.0.1", 0, Optional.empty(), 0, 2, 16 << 20, 64 << 20, 32, 60_000, 30_000, 100);
            return KafkaListener.start(vertx, loops, config, table[0], meters, new ClientQuotas(() -> known, InstantSource.system()), new ConnectionQuotas(() -> known, InstantSource.system(), Runnable::run));
        }

        private void learn() {
            if (running && !isolated) {
                known = view;
                keeper.apply(known);
            }
        }

        /** Cut off from everybody: it learns nothing, asks nobody, and nobody reaches it. Clients do. */
        public void isolate() {
            isolated = true;
        }

        /** Its lease is over. */
        public void loseAuthority() {
            authorized = false;
        }

        /** The controller takes it for dead. */
        public void fence() {
            submit(new Command.FenceBroker(id, epoch));
        }

        /** Reached again, with a new lease and the newest view. */
        public void heal() {
            isolated = false;
            authorized = true;
            submit(new Command.UnfenceBroker(id, epoch, view.version()));
            Await.get(CompletableFuture.runAsync(this::learn, controlling));
        }

        public int failedReplicas() {
            return keeper.failedReplicas();
        }

        /** Fetches from nobody; all else goes on. */
        public void silent(boolean now) {
            silent = now;
        }

        public WireClient client() {
            return new WireClient(clientListener.port());
        }

        public WireClient peer() {
            return new WireClient(peerListener.port());
        }

        /** Segments it has sent to the bucket since its start. */
        public int uploads() {
            return bucket.requests(SimFault.Operation.PUT);
        }

        /** Requests of any kind. */
        public int bucketRequests() {
            return bucket.requests();
        }

        /** What goes wrong with its own requests to the bucket, until {@link #bucketAway}(false). */
        public SimFault inject(SimFault fault) {
            return bucket.inject(fault);
        }

        public void bucketAway(boolean away) {
            if (away) {
                inject(SimFault.outage());
            } else {
                bucket.clearFaults();
            }
        }

        public long epoch() {
            return epoch;
        }

        /** Ends its process cleanly; the controller takes note. */
        public void stop() {
            if (running) {
                disk.releaseAll();
                clientListener.close();
                peerListener.close();
                Await.get(keeper.stop());
                peers.close();
                recompression.close();
                retention.close();
                cold.close();
                hot.close();
                running = false;
                vertx.close().toCompletionStage().toCompletableFuture().join();
            }
        }
    }

    private Optional<PeerAddress> address(int broker) {
        return Optional.ofNullable(view.brokers().get(broker)).map(BrokerView::peer).map(endpoint -> new PeerAddress(endpoint.host(), endpoint.port()));
    }
}
