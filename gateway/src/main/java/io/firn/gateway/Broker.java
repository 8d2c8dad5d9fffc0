package io.firn.gateway;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStores;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.gateway.cluster.ClusterMeters;
import io.firn.gateway.cluster.DataDirectory;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.group.GroupCoordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.handler.HandlerContext;
import io.firn.gateway.handler.Handlers;
import io.firn.gateway.handler.Quorum;
import io.firn.gateway.http.HealthChecks;
import io.firn.gateway.http.HttpListener;
import io.firn.gateway.http.Readiness;
import io.firn.gateway.partition.KnownTopics;
import io.firn.gateway.partition.PartitionKeeper;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Replication;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.partition.TopicDescriber;
import io.firn.gateway.partition.TopicRecovery;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.gateway.share.ShareCoordination;
import io.firn.gateway.share.ShareGroups;
import io.firn.gateway.share.ShareSettings;
import io.firn.gateway.share.StatePersister;
import io.firn.gateway.share.StateTopic;
import io.firn.gateway.transaction.ClusterAdmission;
import io.firn.gateway.transaction.ClusterMarkers;
import io.firn.gateway.transaction.LocalMarkers;
import io.firn.gateway.transaction.MarkerSender;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.TransactionCoordination;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.hot.FileDisk;
import io.firn.hot.HotStore;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import io.firn.retention.RetentionWorker;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.Persister;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The composition root: one broker, from its listeners to its disks.
 *
 * <p><b>Start</b>: memory that is enough → data directory and metadata → tiers and their workers → logs begin to open (recover) in the background → listeners →
 * registration with the address they have. A partition that is not open yet answers NOT_LEADER_OR_FOLLOWER, on which clients retry; the
 * broker is ready when all are open. Whatever was opened is closed again, in reverse, when a later step fails.
 *
 * <p><b>Stop</b>, the reverse: no new requests, coordinators, background work, then the logs are forced and closed, and marked clean.
 *
 * <p>Threading: thread-safe. {@link #start} and {@link #close} block.
 */
public final class Broker implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Broker.class);

    /** Longest wait for the bucket at the start: a silent one must not keep producers out for all its retries. */
    private static final long BUCKET_WAIT_MS = 10_000;

    /** Longest time the partitions are given to go out of service when the broker stops. */
    private static final long PARTITIONS_STOP_MS = 30_000;

    /** Threads for requests that block, and how many such requests may wait: a further one is refused, which its client sees as a server error. */
    private static final int BLOCKING_THREADS = 2;
    private static final int BLOCKING_WAITING = 256;

    private final BrokerConfig config;
    private final boolean form;
    private final InstantSource clock;
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Deque<Runnable> closers = new ArrayDeque<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    /** Is done when {@link #start()} is over, one way or the other. */
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    /** Fails when the broker is to stop: nothing need be waited for any more. */
    private final CompletableFuture<Void> stopRequested = new CompletableFuture<>();
    private Metadata metadata;
    /** Groups and transactions need each other: offset commits are verified by the one, markers in {@code __consumer_offsets} written by the other. */
    private volatile Groups groupsOnceMade;
    private KafkaListener kafka;
    private HttpListener http;
    private volatile Readiness readiness = Readiness.notReady("logs are being opened");
    private volatile Optional<TopicRecovery> recovery = Optional.empty();
    private volatile Optional<ClusterMeters> clusterMeters = Optional.empty();
    private volatile Optional<ClusterPart> cluster = Optional.empty();

    /** @param clock the time of day for all of its parts; what they do at regular intervals, they do in real time */
    Broker(BrokerConfig config, boolean form, InstantSource clock) {
        this.config = config;
        this.form = form;
        this.clock = clock;
    }

    /**
     * Starts a broker and blocks until its listeners are up.
     *
     * @throws StartupException when it cannot start: a port in use, a data directory in use, a bucket of another cluster
     */
    public static Broker start(BrokerConfig config) {
        Broker broker = prepare(config, false);
        broker.start();
        return broker;
    }

    /**
     * A broker that is not started yet, so that it can be {@link #close closed} while it starts: in a cluster that waits for others.
     *
     * @param form the order to form the cluster, given once in its life to all brokers that vote; without effect where it was formed already
     */
    public static Broker prepare(BrokerConfig config, boolean form) {
        return new Broker(config, form, InstantSource.system());
    }

    /** Starts it and blocks until its listeners are up. To be called once. @throws StartupException as {@link #start(BrokerConfig)} says, and when it is closed meanwhile */
    public void start() {
        try {
            open();
            started.complete(null);
        } catch (RuntimeException e) {
            giveUp();
            throw e instanceof StartupException ? e : startupFailure(e);
        } catch (Error e) {
            giveUp();
            throw e;
        }
    }

    private void giveUp() {
        closeAll();
        started.complete(null);
    }

    private static StartupException startupFailure(RuntimeException e) {
        Throwable cause = ErrorMapping.unwrap(e);
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return new StartupException(message.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining(" ")), cause);
    }

    private void open() {
        checkMemory();
        createDataDirectory();
        Vertx vertx = closing(vertx(), running -> running.close().toCompletionStage().toCompletableFuture().join());
        EventLoops loops = EventLoops.of(vertx, ModuleConfigs.loops(config));
        Timer timer = Timer.on(loops.first());
        if (config.cluster().present()) {
            joinCluster(vertx, loops, timer);
        } else {
            refuseClusterDirectory();
        }
        CompletableFuture<HotStore> hotOpening = closing(
                CompletableFuture.supplyAsync(() -> HotStore.open(ModuleConfigs.hot(config), new FileDisk(), clock, meters)), Broker::closeOpened);
        if (cluster.isEmpty()) {
            if (!holdsMetadata()) {
                refuseStrangeLogs(hotOpening.join());
            }
            metadata = closing(Metadata.openSingleBroker(ModuleConfigs.metadataDirectory(config), clock, new Random()), Metadata::close);
        }
        HotStore hot = hotOpening.join();
        ColdStore cold = closing(ColdStore.open(ModuleConfigs.cold(config, clusterId()), ObjectStores.open(ModuleConfigs.objects(config), meters), clock, meters),
                ColdStore::close);
        checkBucket(cold);
        RetentionWorker retention = closing(RetentionWorker.start(ModuleConfigs.retention(config, hot), ModuleConfigs.scratch(config), cold, clock, meters),
                RetentionWorker::close);
        cluster.ifPresent(part -> retention.repairFrom(part.replicaLogs()));
        Partitions partitions = new Partitions(metadata::view, cluster.map(ClusterPart::standing).orElse(Standing.ALONE));
        TopicConfigs topicConfigs = TopicConfigs.of(config);
        RecompressionPool recompression = closing(RecompressionPool.start(ModuleConfigs.recompressionThreads()), RecompressionPool::close);
        PartitionKeeper keeper = closing(new PartitionKeeper(replication(), hot, retention, loops, partitions, topicConfigs::settings, recompression, clock), Broker::stop);
        clusterMeters = Optional.of(ClusterMeters.register(meters, config.node().id(), metadata::view, metadata::isController, (view, topic) -> topicConfigs.settings(view, topic).minInsyncReplicas(), keeper::failedReplicas));
        Peers peers = peers(loops.first());
        Supplier<GroupSettings> groupSettings = once(() -> GroupSettings.of(config.group()));
        ProducerIds producerIds = new ProducerIds(loops.first(), metadata::submit);
        MarkerSender markers = new LocalMarkers(partitions, (partition, marker) -> groupsOnceMade.endTransaction(partition, marker), clock);
        TransactionCoordination transactions = closing(new TransactionCoordination(config.transaction().statePartitions(), ModuleConfigs.transactions(config), metadata, partitions,
                new ClusterMarkers(peers, markers), producerIds::next, clock), TransactionCoordination::close);
        TransactionAdmission admission = new ClusterAdmission(peers, transactions.transactions());
        int statePartitions = ShareCoordination.partitions(config.group().settings());
        Coordination<ShareCoordinator> shareState = closing(ShareCoordination.of(config.node().id(), statePartitions, () -> ShareSettings.of(config.group().settings()), metadata,
                partitions, clock), Coordination::close);
        StateTopic stateTopic = new StateTopic(metadata, keeper::whenInService, statePartitions, ShareCoordination.replicas(config.group().settings(), config.cluster().voterIds().size()));
        Supplier<Persister> persister = once(() -> new StatePersister(shareState, stateTopic, peers, timer));
        Coordination<GroupCoordinator> groups = closing(GroupCoordination.of(peers, config.group().offsetsPartitions(), groupSettings, persister, metadata, partitions,
                admission, clock), Coordination::close);
        groupsOnceMade = new Groups(groups);
        ShareGroups shareGroups = new ShareGroups(new ShareGroups.Ground(partitions, metadata::view, groupSettings, shareState, stateTopic, persister, timer, clock,
                () -> System.nanoTime() / 1_000_000));
        ClientQuotas quotas = new ClientQuotas(metadata::view, clock);
        HandlerContext handlers = new HandlerContext(config, quorum(), topicConfigs, metadata, partitions, keeper::whenInService, groupsOnceMade, groupSettings, transactions.transactions(), admission, markers,
                producerIds, shareGroups, hot, ModuleConfigs.hotDirectory(config), loops.first(), timer, closing(blockingPool(), ThreadPoolExecutor::shutdownNow), quotas, clock, meters);
        ApiTable apis = Handlers.all(handlers, retention::rejectsProduce, clock);
        cluster.ifPresent(part -> part.serve(Handlers.forPeers(handlers)));
        cluster.ifPresent(ClusterPart::register);
        retention.sweepTopics(new KnownTopics(metadata));
        CompletableFuture<Void> open = serve(keeper);
        describeTopics(cold, topicConfigs, loops.first(), timer);
        recovery = Optional.of(new TopicRecovery(cold::history, metadata::submit, keeper::whenInService));
        groups.start();
        transactions.start();
        shareState.start();
        kafka = closing(KafkaListener.start(vertx, loops, config.kafka(), apis, meters, quotas, connectionQuotas()), KafkaListener::close);
        if (cluster.isEmpty()) {
            startHttp(vertx);
            register();
        } else {
            closing(cluster.get(), ClusterPart::shutDown);
            open.thenRun(cluster.get()::opened);
        }
    }

    /** With HTTP before everything else: what a broker waits for is to be seen there. */
    private void joinCluster(Vertx vertx, EventLoops loops, Timer timer) {
        readiness = Readiness.notReady("joining the cluster");
        startHttp(vertx);
        ClusterPart part = new ClusterPart(config, form, vertx, loops, timer, new Parts());
        cluster = Optional.of(part);
        part.start(vertx, meters, clock);
        metadata = part.metadata();
    }

    private Replication replication() {
        return cluster.map(ClusterPart::replication).orElseGet(() -> Replication.single(config.node().id()));
    }

    private Peers peers(EventLoop loop) {
        return cluster.map(part -> new Peers(config.node().id(), metadata::view, part.peers(), loop)).orElseGet(() -> Peers.none(config.node().id(), metadata::view, loop));
    }

    private Quorum quorum() {
        return cluster.map(ClusterPart::quorum).orElseGet(() -> Quorum.single(config.node().id()));
    }

    private void refuseClusterDirectory() {
        if (DataDirectory.ofCluster(config.data().dir())) {
            throw new StartupException("the data directory " + config.data().dir() + " belongs to a broker of a cluster, but cluster.voters is not set");
        }
    }

    /** What a part of the broker may use of it while it starts. */
    final class Parts {

        /** Has it closed when the broker stops, before whatever was opened earlier. */
        <T> T closing(T opened, Consumer<T> closer) {
            return Broker.this.closing(opened, closer);
        }

        /** Waits for it, or until the broker is to stop. */
        <T> T await(CompletableFuture<T> future) {
            CompletableFuture.anyOf(future, stopRequested).join();
            return future.join();
        }
    }

    private boolean holdsMetadata() {
        Path directory = ModuleConfigs.metadataDirectory(config);
        if (!Files.exists(directory)) {
            return false;
        }
        try (Stream<Path> names = Files.list(directory)) {
            return names.findAny().isPresent();
        } catch (IOException e) {
            throw new StartupException("cannot read the metadata directory " + directory + ": " + e, e);
        }
    }

    /**
     * Logs that no topic claims are deleted at start; so metadata that were lost must not look like topics that were deleted. Asked before
     * the metadata directory is touched: the next start has to be refused as well.
     */
    private void refuseStrangeLogs(HotStore hot) {
        if (!hot.onDisk().isEmpty()) {
            throw new StartupException(ModuleConfigs.hotDirectory(config) + " holds logs, but there are no metadata in "
                    + ModuleConfigs.metadataDirectory(config) + ": put them back, or move the logs away");
        }
    }

    /** An opening that failed has left nothing to close; why it failed is known to {@link #open()}. */
    private static void closeOpened(CompletableFuture<HotStore> opening) {
        opening.handle((hot, failed) -> Optional.ofNullable(hot)).join().ifPresent(HotStore::close);
    }

    private void checkMemory() {
        MemoryNeeds needs = MemoryNeeds.of(config);
        needs.requireDirect(MemoryNeeds.directLimitBytes());
        needs.lackingHeap(Runtime.getRuntime().maxMemory()).ifPresent(parts -> LOG.atWarn().addKeyValue("mib", parts)
                .log("With everything at its limit the settings take more than the heap; raise -Xmx (FIRN_JAVA_OPTS), or lower them"));
    }

    private void createDataDirectory() {
        try {
            Files.createDirectories(config.data().dir());
        } catch (IOException e) {
            throw new StartupException("cannot create the data directory " + config.data().dir() + " (data.dir): " + e, e);
        }
    }

    private Vertx vertx() {
        return Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(ModuleConfigs.loops(config))
                .setWorkerPoolSize(2)
                .setInternalBlockingPoolSize(2)
                .setPreferNativeTransport(false)
                .setFileSystemOptions(new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
    }

    /**
     * A bucket that must not be used stops the start; one that cannot be reached now does not: producing and hot reads go on without it, and the cold tier repeats the check before it
     * touches anything.
     */
    private static void checkBucket(ColdStore cold) {
        try {
            cold.check().orTimeout(BUCKET_WAIT_MS, TimeUnit.MILLISECONDS).join();
        } catch (CompletionException e) {
            Throwable cause = ErrorMapping.unwrap(e);
            if (cause instanceof ColdStoreException.Unavailable || cause instanceof ColdStoreException.Uncertain || cause instanceof TimeoutException) {
                LOG.atWarn().addKeyValue("reason", cause.toString()).log("The object store cannot be reached; starting without the cold tier until it can");
            } else {
                throw e;
            }
        }
    }

    /** Makes a value when it is first asked for. Two threads that ask at once may both make one; all get the same. */
    private static <T> Supplier<T> once(Supplier<T> make) {
        AtomicReference<T> made = new AtomicReference<>();
        return () -> made.get() != null ? made.get() : made.updateAndGet(already -> already != null ? already : make.get());
    }

    /** For the rare request that has to block or to work long: host names, pushed metrics. A thread that has nothing to do ends. */
    private static ThreadPoolExecutor blockingPool() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(BLOCKING_THREADS, BLOCKING_THREADS, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(BLOCKING_WAITING),
                task -> {
                    Thread thread = new Thread(task, "firn-blocking");
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private ConnectionQuotas connectionQuotas() {
        ConnectionQuotas quotas = new ConnectionQuotas(metadata::view, clock, closing(ConnectionQuotas.resolver(), ThreadPoolExecutor::shutdownNow));
        metadata.subscribe((before, after) -> quotas.changed());
        quotas.changed();
        return quotas;
    }

    private void startHttp(Vertx vertx) {
        try {
            http = HttpListener.start(vertx, config.http(), meters, new HealthChecks(this::readiness, this::inSync), () -> Optional.ofNullable(metadata), () -> recovery).toCompletionStage().toCompletableFuture().join();
        } catch (CompletionException e) {
            throw new StartupException("cannot listen for HTTP on " + config.http().host() + ":" + config.http().port() + " (http.port): " + e.getCause().getMessage(), e);
        }
    }

    /** Tells the cluster where this broker is reached. */
    private void register() {
        BrokerConfig.Kafka told = config.kafka();
        try {
            metadata.submit(new Command.RegisterBroker(config.node().id(), told.clientHost(), told.clientPort(kafka.port()), config.node().rack())).join();
        } catch (CompletionException e) {
            throw new StartupException("cannot register the broker: " + e.getCause().getMessage(), e);
        }
    }

    /** Completes when all logs that should be open are, or offline with a reason. */
    private CompletableFuture<Void> serve(PartitionKeeper keeper) {
        metadata.subscribe((before, after) -> keeper.apply(after));
        return keeper.start(metadata.view()).handle((done, failed) -> {
            if (!closing.get()) {
                readiness = Readiness.READY;
            }
            return null;
        });
    }

    /** From now on the bucket is told what the topics are that this broker leads partition 0 of. */
    private void describeTopics(ColdStore cold, TopicConfigs configs, EventLoop loop, Timer timer) {
        TopicDescriber describer = closing(new TopicDescriber(config.node().id(), (view, topic) -> configs.settings(view, topic).log().tiered(), new TopicDescriber.Bucket() {
            @Override
            public CompletableFuture<?> describe(TopicView topic, long metadataVersion) {
                return cold.describeTopic(topic.id(), topic.name(), topic.partitions().size(), topic.configs(), metadataVersion);
            }

            @Override
            public CompletableFuture<?> forget(TopicView topic) {
                return cold.forgetTopic(topic.id(), topic.name());
            }
        }, loop, timer), TopicDescriber::close);
        metadata.subscribe((before, after) -> describer.apply(after));
        describer.apply(metadata.view());
    }

    private Readiness readiness() {
        Readiness own = readiness;
        Readiness joined = cluster.isEmpty() || closing.get() ? Readiness.READY : cluster.get().readiness();
        return joined.ready() ? own : joined;
    }

    /** As the newest view says that came here: of a broker that is ready it shows what has become of its replicas since this process registered. */
    private Readiness inSync() {
        Readiness ready = readiness();
        int lacking = clusterMeters.map(ClusterMeters::outOfSync).orElse(0);
        return !ready.ready() || lacking == 0 ? ready : Readiness.notReady("replicas of " + lacking + " partitions here are not in sync");
    }

    /** A log that takes longer to open or to let go is closed by the hot tier all the same, and recovered at the next start. */
    private static void stop(PartitionKeeper keeper) {
        keeper.stop().orTimeout(PARTITIONS_STOP_MS, TimeUnit.MILLISECONDS).join();
    }

    private <T> T closing(T opened, Consumer<T> closer) {
        closers.push(() -> closer.accept(opened));
        return opened;
    }

    public int kafkaPort() {
        return kafka.port();
    }

    public int httpPort() {
        return http.port();
    }

    public String clusterId() {
        return metadata.view().clusterId();
    }

    public boolean ready() {
        return readiness().ready();
    }

    /** Stops cleanly: blocks until every log is forced and closed, whoever of several callers began it. A step that fails is logged and does not keep the others from running. */
    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            stopRequested.completeExceptionally(new StartupException("stopped before it was up"));
            started.join();
            closeAll();
            closed.complete(null);
        }
        closed.join();
    }

    private void closeAll() {
        readiness = Readiness.notReady("broker is stopping");
        Runnable closer;
        while ((closer = closers.poll()) != null) {
            try {
                closer.run();
            } catch (RuntimeException e) {
                LOG.atError().setCause(e).log("A part of the broker did not close cleanly");
            }
        }
    }
}
