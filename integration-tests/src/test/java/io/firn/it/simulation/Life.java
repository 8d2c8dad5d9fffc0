package io.firn.it.simulation;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ColdThreads;
import io.firn.gateway.api.ProducedRecords;
import io.firn.gateway.api.SentRecords;
import io.firn.gateway.api.Timer;
import io.firn.gateway.cluster.BrokerLifecycle;
import io.firn.gateway.cluster.ClusterTimes;
import io.firn.gateway.cluster.ControllerDuties;
import io.firn.gateway.codec.CompressionChoice;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicSettings;
import io.firn.gateway.handler.FetchHandler;
import io.firn.gateway.handler.ProduceHandler;
import io.firn.gateway.handler.ReplicaFetchHandler;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.PartitionKeeper;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Replication;
import io.firn.gateway.peer.FetchLimits;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.gateway.transaction.EndMarker;
import io.firn.gateway.transaction.LocalMarkers;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.FileRange;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.ReadResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimHotStore;
import io.firn.hot.replication.LeaderState;
import io.firn.membership.ClusterPlan;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import io.firn.membership.SimMetadata;
import io.firn.membership.SimStore;
import io.firn.membership.SimThread;
import io.firn.membership.TopicView;
import io.firn.membership.controller.Policy;
import io.firn.membership.journal.JournalLimits;
import io.firn.retention.RetentionConfig;
import io.firn.retention.ScratchSpace;
import io.firn.retention.SimRetention;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.ProduceRequest;

/** One process of a broker, from its start to its end: the real parts on simulated threads, joined as the broker joins them. */
final class Life {

    static final Path DIRECTORY = Path.of("/data/hot");
    private static final FetchLimits FETCH = new FetchLimits(16 << 10, 4 << 10, 200);
    private static final ClusterTimes TIMES = new ClusterTimes(Shape.PATIENCE_MS, Shape.HEARTBEAT_MS, Cluster.TIMES.leaseMs());
    private static final long EPOCH_MS = 1_700_000_000_000L;
    private static final long RETENTION_TICK_MS = 150;
    private static final long SAVE_EVERY_MS = 5_000;
    private static final long SHUT_DOWN_MS = 1_500;

    /** How long a broker waits for an answer of another one, beyond what was to be waited there. */
    private static final int PRODUCE_TIMEOUT_MS = 1_000;
    private static final int MOST_FETCH_BYTES = 8 << 10;
    private static final short TRANSACTION_VERSION = 2;

    final Cluster cluster;
    final int id;
    final SimThread thread;
    final Uuid process;
    private final SimpleMeterRegistry hotMeters = new SimpleMeterRegistry();
    private final double rate;
    private final long wallOffsetMs;
    final EventLoop loop;
    private final Lane io;
    private final Timer timer;
    final Metadata metadata;
    final SimStore.Connection connection;
    final SimHotStore hot;
    final ColdStore cold;
    final SimRetention retention;
    final Partitions partitions;
    final Map<TopicIdPartition, Seen> seen = new HashMap<>();
    private final InstantSource wall;
    private final PartitionKeeper keeper;
    private final ControllerDuties duties;
    private final BrokerLifecycle lifecycle;
    private final ReplicaFetchHandler replicaFetches;
    private final FetchHandler fetches;
    private final ProduceHandler produces;
    private final LocalMarkers markers;
    private boolean forcing;
    /** Of the mistake {@link Mistake#TRUNCATE_TO_HIGH_WATERMARK}: answers that come meanwhile are lost. */
    private int truncating;
    long seenVersion;

    Life(Broker broker, Uuid directory) {
        this.cluster = broker.cluster;
        this.id = broker.id;
        this.rate = 1 + (cluster.random.nextDouble() - 0.5) / 50;
        this.wallOffsetMs = cluster.random.nextInt(4) == 0 ? cluster.random.nextLong(600_000) - 300_000 : cluster.random.nextLong(20);
        this.thread = new SimThread(cluster.time, rate);
        this.process = cluster.uuid();
        this.wall = () -> Instant.ofEpochMilli(wallMs());
        this.loop = new SimEventLoop(lane(0), this::forceSoon);
        this.io = new Lane(cluster.time, thread, () -> cluster.random.nextLong(2 + broker.diskDelayMs));
        Lane timers = lane(0);
        this.timer = timers::executeAfter;
        Durability durability = cluster.mistake == Mistake.COUNT_UNFORCED ? Durability.OS : cluster.shape.durability(cluster.random);
        this.hot = new SimHotStore(new HotStoreConfig(DIRECTORY, durability, 0, 1, 86_400_000, 1 << 20), broker.disk, io, wall, hotMeters);
        this.cold = openCold();
        this.retention = openRetention(broker);
        this.connection = cluster.store.connect(thread);
        this.metadata = openMetadata(broker);
        this.partitions = new Partitions(metadata::view);
        Command.RegisterBroker registration = new Command.RegisterBroker(id, new Incarnation(process, directory), List.of(Endpoint.client("broker-" + id, 9092), new Endpoint(Endpoint.PEER, "broker-" + id, 9093)), Optional.empty());
        this.duties = new ControllerDuties(metadata, TIMES, endpoint -> cluster.refused(this, Integer.parseInt(endpoint.host().substring("broker-".length()))), loop, timer, thread::nowMs);
        this.lifecycle = new BrokerLifecycle(metadata, registration, TIMES, (controller, heartbeat, timeoutMs) -> controller == id ? duties.heard(heartbeat)
                : cluster.call(this, controller, timeoutMs, to -> to.duties.heard(heartbeat)), loop, timer, thread::nowMs);
        Replication replication = new Replication(id, nowMs -> cluster.mistake == Mistake.IGNORE_LEASE || lifecycle.authority().holds(nowMs), lifecycle::brokerEpoch, this::fetchFrom, FETCH, thread::nowMs,
                Shape.MAX_LAG_MS, metadata::view, metadata::ask, Optional.empty(), why -> ends("a log that it led is lost: " + why));
        TopicSettings settings = new TopicSettings(cluster.shape.logConfig(), CompressionChoice.PRODUCER, cluster.shape.minInSync());
        TopicSettings risky = new TopicSettings(cluster.shape.logConfig(), CompressionChoice.PRODUCER, 1);
        this.keeper = new PartitionKeeper(replication, hot.store(), retention.worker(), EventLoops.of(List.of(loop)), partitions, (view, topic) -> topic.name().equals(Shape.RISKY) ? risky : settings, new RecompressionPool(io, () -> {}), wall);
        this.replicaFetches = new ReplicaFetchHandler(partitions, metadata::view, false, new ThrottleQuota(ThrottleQuota.Side.LEADER, id, metadata::view, thread::nowMs), wall);
        this.fetches = new FetchHandler(partitions, metadata::view, wall);
        this.produces = new ProduceHandler(partitions, () -> false, cluster.clients.admission(this), timer, wall);
        this.markers = new LocalMarkers(partitions, (partition, marker) -> CompletableFuture.failedFuture(new IllegalStateException("no groups here")), wall);
    }

    private Lane lane(long durationMs) {
        return new Lane(cluster.time, thread, () -> durationMs);
    }

    private ColdStore openCold() {
        ColdThreads threads = new ColdThreads(lane(0), lane(0), new Lane(cluster.time, thread, () -> cluster.random.nextLong(3)), () -> {});
        return ColdStore.open(new ColdStoreConfig("", "sim", 64 << 10, 1 << 20, 4, 64 << 10, 2, 2_000, 1, 3_000, false), cluster.bucketOf(this), wall, new SimpleMeterRegistry(), threads, cluster.random);
    }

    private SimRetention openRetention(Broker broker) {
        RetentionConfig config = new RetentionConfig(RETENTION_TICK_MS, 0, 0, () -> Long.MAX_VALUE / 4);
        Lane work = lane(1);
        return new SimRetention(config, cold, wall, cluster.random::nextDouble, new SimpleMeterRegistry(), work, work, work, new ScratchSpace(broker.disk, Path.of("/data/scratch")));
    }

    private Metadata openMetadata(Broker broker) {
        Set<Integer> keepers = cluster.mistake == Mistake.SKIP_JOURNAL_MAJORITY && cluster.shape.keepers().contains(id) ? Set.of(id) : cluster.shape.keepers();
        Metadata opened = SimMetadata.open(broker.folder, new ClusterPlan(id, keepers, Cluster.TIMES), Policy.cluster(cluster.shape.replicas(), false),
                new JournalLimits(cluster.shape.snapshotEntries(), 1 << 20), connection, cluster.peersOf(this), wall, cluster.random, thread);
        cluster.observed.shown(this, opened.view());
        opened.subscribe((before, next) -> cluster.observed.shown(this, next));
        opened.failure().thenAccept(cause -> ends("its metadata has failed: " + cause));
        return opened;
    }

    /** As the broker: partitions are taken when the own view shows the registration, and led when the logs are open. */
    void begin() {
        duties.start();
        lifecycle.replaced().thenAccept(this::ends);
        lifecycle.registered().thenAccept(epoch -> {
            cluster.note("broker " + id + " registered with epoch " + epoch);
            metadata.subscribe((before, after) -> apply(after));
            keeper.start(thoughtClean(metadata.view())).thenRun(lifecycle::logsOpen);
        });
        lifecycle.start();
        every(RETENTION_TICK_MS, retention::tick);
        every(SAVE_EVERY_MS, () -> io.execute(this::saveHighWatermarks));
    }

    /** The process ends itself; somebody starts it again. */
    private void ends(String why) {
        cluster.note("broker " + id + " ends: " + why);
        cluster.time.after(0, () -> {
            if (thread.alive()) {
                cluster.broker(id).restartAfter(500, false, true);
            }
        });
    }

    private void every(long ms, Runnable task) {
        thread.after(ms, () -> {
            task.run();
            every(ms, task);
        });
    }

    private void saveHighWatermarks() {
        try {
            hot.store().saveHighWatermarks();
        } catch (IOException e) {
            cluster.note("broker " + id + " cannot save high watermarks: " + e.getMessage());
        }
    }

    private long wallMs() {
        return EPOCH_MS + (long) (cluster.time.nowMs() * rate) + wallOffsetMs;
    }

    private void forceSoon() {
        if (!forcing) {
            forcing = true;
            cluster.time.after(1 + cluster.random.nextLong(3 + cluster.broker(id).diskDelayMs), () -> thread.execute(() -> {
                forcing = false;
                hot.force();
            }));
        }
    }

    /** Stops in order, as far as others notice: its leaderships go first. */
    void shutDown() {
        lifecycle.shutDown(SHUT_DOWN_MS).whenComplete((done, failure) -> ends("it was stopped"));
    }

    long brokerEpoch() {
        return lifecycle.brokerEpoch();
    }

    void connectionEnded(int broker, long epoch) {
        duties.connectionEnded(broker, epoch);
    }

    // Partitions

    private void apply(ClusterView next) {
        if (cluster.mistake == Mistake.TRUNCATE_TO_HIGH_WATERMARK) {
            truncating++;
            loop.execute(() -> CompletableFuture.allOf(held().filter(partition -> newEpochElsewhere(partition, next)).map(Partition::replica)
                    .map(replica -> replica.log().truncateTo(Math.min(replica.highWatermark(), replica.log().logEndOffset()))).toArray(CompletableFuture[]::new)).whenComplete((cut, failure) -> {
                        truncating--;
                        keeper.apply(next);
                    }));
        } else {
            keeper.apply(thoughtClean(next));
        }
    }

    /** The view as it is, but for the mistake {@link Mistake#LEAD_UNCLEAN_AS_IT_IS}. */
    private ClusterView thoughtClean(ClusterView view) {
        if (cluster.mistake != Mistake.LEAD_UNCLEAN_AS_IT_IS) {
            return view;
        }
        Map<String, TopicView> topics = new HashMap<>(view.topics());
        topics.computeIfPresent(Shape.RISKY, (name, topic) -> new TopicView(topic.id(), name, topic.partitions().stream().map(placed -> new PartitionView(placed.partition(), placed.leader(), placed.leaderEpoch(),
                placed.partitionEpoch(), placed.replicas(), placed.isr(), placed.adding(), placed.removing(), false)).toList(), topic.configs()));
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), topics, view.topicNames(), view.brokerConfigs(), view.groupConfigs(), view.nextProducerId(),
                view.partitionCount(), view.clients());
    }

    private boolean newEpochElsewhere(Partition partition, ClusterView next) {
        return next.partition(partition.id().topic(), partition.id().partition()).filter(placed -> placed.leaderEpoch() > partition.leaderEpoch() && placed.leader() != id).isPresent();
    }

    /** In one role or the other. */
    /** Whether it was elected unclean somewhere and does not lead yet. */
    boolean recovers() {
        return hotMeters.get("firn.hot.replicas.recovering").gauge().value() > 0;
    }

    Stream<Partition> held() {
        return Stream.concat(partitions.all().stream(), partitions.followed().stream());
    }

    Optional<Partition> held(TopicIdPartition partition) {
        return held().filter(held -> held.id().equals(partition)).findFirst();
    }

    /** A replica that was moved away and back is another one. */
    Seen seen(Partition partition) {
        return seen.compute(partition.id(), (same, before) -> before != null && before.log == partition.log().hot() ? before : new Seen(partition.log().hot()));
    }

    // Other brokers

    private CompletableFuture<PeerReply> fetchFrom(int leader, EventLoop onLoop, AbstractRequest.Builder<?> builder, long timeoutMs) {
        FetchRequest request = (FetchRequest) builder.build(ApiKeys.FETCH.latestVersion());
        if (cluster.mistake == Mistake.NO_DIVERGENCE_CHECK) {
            request.data().topics().forEach(topic -> topic.partitions().forEach(partition -> partition.setLastFetchedEpoch(-1)));
        }
        CompletableFuture<PeerReply> reply = new CompletableFuture<>();
        cluster.<FetchResponseData>call(this, leader, Math.min(timeoutMs, 1_500), to -> to.replicaFetch(request)).whenComplete((response, failure) -> onLoop.execute(() -> {
            if (failure == null && truncating == 0) {
                reply.complete(new PeerReply(FetchResponse.of(response), () -> {}));
            } else {
                reply.completeExceptionally(failure == null ? new IllegalStateException("lost") : failure);
            }
        }));
        return reply;
    }

    private CompletableFuture<FetchResponseData> replicaFetch(FetchRequest request) {
        SimRequest<FetchResponseData> arrived = new SimRequest<>(request, loop, this::copied);
        loop.execute(() -> replicaFetches.handle(arrived));
        return arrived.answer;
    }

    /** The records as they arrive: in memory. */
    private FetchResponseData copied(ApiMessage message) {
        FetchResponseData response = (FetchResponseData) message;
        response.responses().forEach(topic -> topic.partitions().forEach(partition -> {
            if (partition.records() instanceof SentRecords.Hot sent) {
                partition.setRecords(MemoryRecords.readableRecords(copy(sent.range())));
            } else if (partition.records() instanceof SentRecords.Cold sent) {
                cluster.clients.coldReads++;
                partition.setRecords(MemoryRecords.readableRecords(Records.joined(sent.buffers().toArray(ByteBuffer[]::new))));
            }
        }));
        return response;
    }

    /** Nothing if the disk is dead: then so is the process, soon. Does not release. */
    static ByteBuffer copy(FileRange range) {
        ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
        try {
            range.read(0, bytes);
            return bytes.flip();
        } catch (IOException e) {
            return bytes.limit(0);
        }
    }

    // Clients

    private Partition led(TopicIdPartition partition) {
        return partitions.find(partition.topic(), partition.partition()).orElseThrow(() -> new IllegalStateException("not the leader"));
    }

    private <T> CompletableFuture<T> onLoop(Supplier<CompletableFuture<T>> work) {
        return CompletableFuture.supplyAsync(work, loop).thenCompose(done -> done);
    }

    /** Produce with acks=all; what became of it. */
    CompletableFuture<Errors> produce(TopicIdPartition partition, Records.Batch batch, boolean transactional, ByteBuffer bytes) {
        return onLoop(() -> {
            if (cluster.mistake == Mistake.ACK_BEFORE_ISR && !transactional) {
                return hastyProduce(partition, batch, bytes);
            }
            ProduceRequestData.TopicProduceData topic = new ProduceRequestData.TopicProduceData().setTopicId(partition.topicId()).setName(partition.topic())
                    .setPartitionData(List.of(new ProduceRequestData.PartitionProduceData().setIndex(partition.partition()).setRecords(new ProducedRecords(RecordBuffers.of(bytes)))));
            ProduceRequestData data = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(PRODUCE_TIMEOUT_MS).setTransactionalId(transactional ? "writer" : null)
                    .setTopicData(new ProduceRequestData.TopicProduceDataCollection(List.of(topic).iterator()));
            SimRequest<Errors> arrived = new SimRequest<>(new ProduceRequest(data, ApiKeys.PRODUCE.latestVersion()), loop, response -> answered(partition, batch, (ProduceResponseData) response));
            produces.handle(arrived);
            return arrived.answer;
        });
    }

    private Errors answered(TopicIdPartition partition, Records.Batch batch, ProduceResponseData response) {
        Errors error = Errors.forCode(response.responses().iterator().next().partitionResponses().get(0).errorCode());
        if (error == Errors.NONE) {
            cluster.observed.acknowledges(this, partition, batch);
        }
        return error;
    }

    /** The mistake {@link Mistake#ACK_BEFORE_ISR}. */
    private CompletableFuture<Errors> hastyProduce(TopicIdPartition partition, Records.Batch batch, ByteBuffer bytes) {
        CompletableFuture<Errors> answer = new CompletableFuture<>();
        Partition leader = led(partition);
        leader.append(RecordBuffers.of(bytes), AppendOrigin.CLIENT, result -> {
            if (result instanceof AppendResult.Rejected) {
                answer.complete(Errors.UNKNOWN_SERVER_ERROR);
            } else {
                cluster.observed.acknowledges(this, partition, batch);
                answer.complete(Errors.NONE);
            }
        });
        return answer;
    }

    /** Ends a transaction in a partition. */
    CompletableFuture<Errors> mark(TopicIdPartition partition, long producerId, short epoch, boolean commit) {
        return markers.send(new EndMarker(producerId, epoch, 0, commit, TRANSACTION_VERSION, Set.of(partition.topicPartition()))).thenApply(answers -> answers.get(partition.topicPartition()));
    }

    CompletableFuture<FetchResponseData.PartitionData> consume(TopicIdPartition partition, long offset, boolean committedOnly) {
        Map<TopicPartition, FetchRequest.PartitionData> wanted = Map.of(partition.topicPartition(),
                new FetchRequest.PartitionData(partition.topicId(), offset, -1, MOST_FETCH_BYTES, Optional.empty(), Optional.empty()));
        FetchRequest request = FetchRequest.Builder.forConsumer(ApiKeys.FETCH.latestVersion(), 100, 1, new LinkedHashMap<>(wanted)).setMaxBytes(MOST_FETCH_BYTES)
                .isolationLevel(committedOnly && cluster.mistake != Mistake.HIDE_ABORTED ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED)
                .build(ApiKeys.FETCH.latestVersion());
        SimRequest<FetchResponseData> arrived = new SimRequest<>(request, loop, this::copied);
        loop.execute(() -> fetches.handle(arrived));
        return arrived.answer.thenApply(response -> response.responses().get(0).partitions().get(0));
    }

    /** The newest position below the high watermark, once all that earlier leaders have shown is below it. */
    CompletableFuture<Integer> committedPosition(TopicIdPartition offsets, int atLeast) {
        return onLoop(() -> {
            Partition leader = led(offsets);
            long end = leader.highWatermark();
            boolean whole = leader.replica().mayAcknowledge() && end >= leader.replica().leader().map(LeaderState::epochStartOffset).orElse(Long.MAX_VALUE);
            ReadResult read = whole && end > leader.log().logStartOffset() ? leader.log().hot().read(end - 1, 1 << 10, end, true) : new ReadResult.AtEnd();
            if (!(read instanceof ReadResult.Range range)) {
                return CompletableFuture.failedFuture(new IllegalStateException("not available"));
            }
            ByteBuffer bytes = copy(range.range());
            range.range().release();
            int[] newest = {-1};
            Records.read(bytes, end - 1, batch -> Records.numbers(batch, number -> newest[0] = Records.sequenceOf(number)));
            if (newest[0] < 0) {
                return CompletableFuture.failedFuture(new IllegalStateException("the disk is dead"));
            }
            cluster.observed.kept(() -> cluster.observed.answersPosition(newest[0], atLeast, leader));
            return CompletableFuture.completedFuture(newest[0]);
        });
    }

    /** Deletes the oldest so-manieth part. @param asked is told the offset before */
    CompletableFuture<Long> deleteRecords(TopicIdPartition partition, int part, LongConsumer asked) {
        return onLoop(() -> {
            Partition leader = led(partition);
            long start = leader.log().logStartOffset();
            long offset = start + Math.max(0, leader.highWatermark() - start) / part;
            asked.accept(offset);
            return leader.deleteRecordsBefore(offset);
        });
    }

    /** Asks the controller for a change. */
    CompletableFuture<ClusterView> submit(Command command) {
        return metadata.submit(command).whenComplete((view, failure) -> {
            if (failure == null) {
                cluster.observed.kept(() -> cluster.observed.metadata.answered(this, view));
            }
        });
    }

    static String text(Partition partition) {
        return partition.id().topicPartition() + (partition.leads() ? " leading" : " following") + " epoch " + partition.leaderEpoch() + " start " + partition.log().logStartOffset() + " local "
                + partition.log().hot().localLogStartOffset() + " durable " + partition.log().hot().durableOffset() + " end " + partition.log().hot().logEndOffset() + " hw " + partition.highWatermark()
                + " " + partition.replica().readiness() + partition.log().offlineReason().map(reason -> " offline: " + reason).orElse("");
    }
}
