package io.firn.gateway.rig;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ColdThreads;
import io.firn.cold.sim.SimObjectStore;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.handler.FetchHandler;
import io.firn.gateway.handler.ProduceHandler;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.PartitionKeeper;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Replication;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.hot.Durability;
import io.firn.hot.HotStore;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.SimDisk;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import io.firn.retention.RetentionConfig;
import io.firn.retention.RetentionWorker;
import io.firn.retention.ScratchSpace;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * A broker without admin and groups: metadata, both tiers and the retention worker, partitions on event loops, and a listener that serves Produce and Fetch. All
 * of it real, over a simulated disk, bucket and clock, which outlive {@link #restart}.
 */
public final class StorageRig implements AutoCloseable {

    public static final int BROKER = 1;
    private static final Path HOT = Path.of("/data/hot");
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int UPLOADS = 2;

    public final SimDisk sim = new SimDisk(1);
    public final GatedDisk disk = new GatedDisk(sim);
    public final ManualClock clock = new ManualClock();
    /** Where batches are rewritten; to be replaced before the start by a test that decides when. */
    public Executor recompressing = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "rig-recompress");
        thread.setDaemon(true);
        return thread;
    });
    public final AtomicLong usableBytes = new AtomicLong(Long.MAX_VALUE / 4);
    public SimObjectStore objects = new SimObjectStore();
    public SimpleMeterRegistry meters;
    public EventLoops loops;
    public HotStore hot;
    public RetentionWorker retention;
    public Metadata metadata;
    public Partitions partitions;
    public PartitionKeeper keeper;
    /** Makes the threads of the cold tier, at each start; to be replaced before by a test that brings them tasks of its own. */
    public Supplier<ColdThreads> coldThreads = () -> ColdThreads.start(UPLOADS);
    /** When the view that the keeper starts with is taken already. */
    public Runnable beforeKeeperStarts = () -> {};

    /** Who is asked about transactions; nobody by default. */
    public volatile TransactionAdmission admission = TransactionAdmission.NONE;

    /** Whether it takes itself for cut off from its cluster. */
    public volatile boolean cutOff;

    /** Further APIs, made anew with each listener. */
    public Function<StorageRig, List<ServedApi>> moreApis = rig -> List.of();

    private final Path metadataDirectory;
    private final int loopCount;
    private final Durability durability;
    private RecompressionPool recompression;
    private Vertx vertx;
    private ColdStore cold;
    private KafkaListener listener;

    /** @param metadataDirectory a temporary directory of the test */
    public StorageRig(Path metadataDirectory, int loopCount, Durability durability) {
        this.metadataDirectory = metadataDirectory;
        this.loopCount = loopCount;
        this.durability = durability;
    }

    private final class Cut implements Standing {
        @Override
        public boolean mayLead() {
            return !cutOff;
        }

        @Override
        public boolean cutOff() {
            return cutOff;
        }
    }

    public static StorageRig started(Path metadataDirectory, int loopCount) {
        return started(metadataDirectory, loopCount, Durability.FSYNC);
    }

    public static StorageRig started(Path metadataDirectory, int loopCount, Durability durability) {
        return started(metadataDirectory, loopCount, durability, rig -> List.of());
    }

    public static StorageRig started(Path metadataDirectory, int loopCount, Durability durability, Function<StorageRig, List<ServedApi>> moreApis) {
        StorageRig rig = new StorageRig(metadataDirectory, loopCount, durability);
        rig.moreApis = moreApis;
        rig.start();
        return rig;
    }

    public void start() {
        startStores();
        Await.get(startPartitions());
        listen();
    }

    public void startStores() {
        meters = new SimpleMeterRegistry();
        vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(loopCount).setWorkerPoolSize(1).setInternalBlockingPoolSize(1));
        loops = EventLoops.of(vertx, loopCount);
        metadata = Metadata.openSingleBroker(metadataDirectory, clock, new Random(1));
        metadata.submit(new Command.RegisterBroker(BROKER, "127.0.0.1", 1, Optional.empty())).join();
        hot = HotStore.open(new HotStoreConfig(HOT, durability, 0, 2, 86_400_000, 64 << 20), disk, clock, meters);
        cold = ColdStore.open(new ColdStoreConfig("", "cluster", CHUNK_BYTES, 64 * CHUNK_BYTES, 8, 0, UPLOADS, 5_000, 1, 0, false), objects, clock, meters, coldThreads.get(), new SecureRandom());
        retention = RetentionWorker.start(new RetentionConfig(10, 0, 1_000, usableBytes::get), new ScratchSpace(disk, HOT.resolveSibling("scratch")), cold, clock, meters);
        partitions = new Partitions(metadata::view, new Cut());
        recompression = new RecompressionPool(recompressing, () -> {});
        keeper = new PartitionKeeper(Replication.single(BROKER), hot, retention, loops, partitions, new TopicConfigs(BROKER, Map.of())::settings, recompression, clock);
    }

    public CompletableFuture<Void> startPartitions() {
        metadata.subscribe((before, after) -> keeper.apply(after));
        ClusterView first = metadata.view();
        beforeKeeperStarts.run();
        return keeper.start(first);
    }

    private Timer timer() {
        return Timer.on(loops.first());
    }

    private void listen() {
        ApiTable[] table = new ApiTable[1];
        List<ServedApi> apis = new ArrayList<>(List.of(
                ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> table[0])),
                ServedApi.of(ApiKeys.PRODUCE, new ProduceHandler(partitions, retention::rejectsProduce, (id, producer, epoch, asked, mode) -> admission.admit(id, producer, epoch, asked, mode), timer(), clock)),
                ServedApi.of(ApiKeys.FETCH, new FetchHandler(partitions, metadata::view, clock))));
        apis.addAll(moreApis.apply(this));
        table[0] = new ApiTable(apis);
        BrokerConfig.Kafka config = new BrokerConfig.Kafka("127.0.0.1", 0, Optional.empty(), 0, loopCount, 16 << 20, 64 << 20, 32, 60_000, 30_000, 100);
        listener = KafkaListener.start(vertx, loops, config, table[0], meters, new ClientQuotas(metadata::view, InstantSource.system()),
                new ConnectionQuotas(metadata::view, InstantSource.system(), Runnable::run));
    }

    public int port() {
        return listener.port();
    }

    public WireClient client() {
        return new WireClient(port());
    }

    /** A clean stop, and a start over the same disk, bucket and metadata. */
    public void restart() {
        stop();
        objects = objects.reopened();
        startStores();
        Await.get(startPartitions());
        listen();
    }

    private void stop() {
        disk.releaseAll();
        if (listener != null) {
            listener.close();
        }
        Await.get(keeper.stop());
        retention.close();
        cold.close();
        hot.close();
        metadata.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Override
    public void close() {
        stop();
    }

    // Topics

    public TopicView createTopic(String name, int count) {
        return createTopic(name, count, Map.of());
    }

    public TopicView createTopic(String name, int count, Map<String, String> configs) {
        TopicView topic = metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), name, count, 1, Map.of(), configs)).join().topic(name).orElseThrow();
        Await.get(keeper.whenInService(topic));
        return topic;
    }

    public void deleteTopic(TopicView topic) {
        metadata.submit(new Command.DeleteTopic(topic.id())).join();
    }

    public void configure(String topic, String name, String value) {
        Map<String, Optional<String>> changes = new HashMap<>();
        changes.put(name, Optional.of(value));
        metadata.submit(new Command.AlterConfigs(ConfigScope.TOPIC, topic, changes)).join();
    }

    public Partition partition(String topic, int partition) {
        return partitions.find(topic, partition).orElseThrow(() -> new AssertionError(topic + "-" + partition + " is not in service"));
    }

    public static TopicIdPartition id(TopicView topic, int partition) {
        return new TopicIdPartition(topic.id(), partition, topic.name());
    }

    // Moments

    /** What {@code question} says on the partition's loop. */
    public static <T> T onLoop(Partition partition, Callable<T> question) {
        return Await.get(CompletableFuture.supplyAsync(() -> {
            try {
                return question.call();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }, partition.loop()));
    }

    /** Seals what is there and lets retention take it to the bucket and off the disk; the topic has {@code local.retention.ms} 1 or so. */
    public void settleCold(Partition partition) {
        Await.get(onLoop(partition, () -> partition.log().hot().roll()));
        clock.advanceMs(60_000);
        Await.until("all of " + partition.id() + " is cold", () ->
                onLoop(partition, () -> partition.log().hot().localLogStartOffset() == partition.log().hot().logEndOffset()));
    }

    public double meter(String name) {
        return meters.getMeters().stream().filter(meter -> meter.getId().getName().equals(name))
                .mapToDouble(meter -> meter.measure().iterator().next().getValue()).sum();
    }
}
