package io.firn.gateway.handler;

import static io.firn.gateway.rig.Await.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.coordinator.TransactionAdmission.Mode;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.transaction.ClusterAdmission;
import io.firn.gateway.transaction.ClusterMarkers;
import io.firn.gateway.transaction.LocalMarkers;
import io.firn.gateway.transaction.MarkerSender;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.Reply;
import io.firn.gateway.transaction.TransactionCoordination;
import io.firn.gateway.transaction.TransactionSettings;
import io.firn.gateway.transaction.Transactions;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.ReadResult;
import io.firn.hot.RecordBuffers;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.WriteTxnMarkersRequest;
import org.apache.kafka.server.common.TransactionVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Transactions whose coordinator and partitions are on different brokers: broker 1 leads everything, and broker 2 sends the markers, or asks the coordinator. Real partitions and handlers. */
class CrossBrokerTransactionsTest {
    private static final int OTHER = 2;
    private static final TopicPartition T0 = new TopicPartition("t", 0);
    private static final TopicPartition T1 = new TopicPartition("t", 1);
    private static final MarkerSender NOTHING_LOCAL = marker -> CompletableFuture.failedFuture(new AssertionError("nothing is led here"));

    @TempDir
    Path directory;
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
    private final EventLoop loop = new DefaultEventLoop();
    private final HandlerPeers peers = new HandlerPeers();
    private volatile boolean leaderless;
    private TestPartitions broker;
    private TransactionCoordination coordination;
    private Transactions transactions;
    private ClusterAdmission admission;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        broker.createTopic("t", 2, Map.of());
        broker.createTopic("__transaction_state", 2, Map.of("cleanup.policy", "compact"));
        broker.partition("t", 0);
        broker.partition("t", 1);
        ProducerIds ids = new ProducerIds(scheduler, broker.metadata::submit);
        LocalMarkers local = new LocalMarkers(broker.partitions, (partition, marker) -> CompletableFuture.failedFuture(new IllegalStateException("no groups here")), InstantSource.system());
        ClusterMarkers markers = new ClusterMarkers(new Peers(OTHER, this::view, peers, loop), NOTHING_LOCAL);
        coordination = new TransactionCoordination(2, new TransactionSettings(900_000, 1_000_000, 3_600_000, 3_600_000, 5_000), broker.metadata, broker.partitions, markers, ids::next,
                InstantSource.system());
        coordination.start();
        transactions = coordination.transactions();
        admission = new ClusterAdmission(new Peers(OTHER, this::view, peers, loop), (id, producerId, epoch, partitions, mode) -> CompletableFuture.failedFuture(new AssertionError("nothing is coordinated here")));
        List<ServedApi> served = new ArrayList<>(new TransactionHandlers(broker.metadata, null, transactions).all());
        served.add(ServedApi.of(ApiKeys.WRITE_TXN_MARKERS, new WriteTxnMarkersHandler(local)));
        peers.put(TestPartitions.BROKER, new ApiTable(served));
    }

    @AfterEach
    void close() {
        coordination.close();
        broker.close();
        scheduler.shutdownNow();
        loop.shutdownGracefully();
        assertThat(peers.held).as("answers not given back").hasValue(0);
    }

    /** As broker 2 sees it: for a while nobody leads. */
    private ClusterView view() {
        ClusterView view = broker.metadata.view();
        if (!leaderless) {
            return view;
        }
        Map<String, TopicView> topics = new HashMap<>();
        view.topics().forEach((name, topic) -> topics.put(name, new TopicView(topic.id(), name, topic.partitions().stream().map(partition -> new PartitionView(partition.partition(),
                PartitionView.NO_LEADER, partition.leaderEpoch(), partition.partitionEpoch(), partition.replicas(), partition.isr())).toList(), topic.configs())));
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), topics, view.topicNames(), view.brokerConfigs(), view.groupConfigs(), view.nextProducerId());
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static boolean settled(Errors error) {
        return error != Errors.COORDINATOR_NOT_AVAILABLE && error != Errors.COORDINATOR_LOAD_IN_PROGRESS && error != Errors.NOT_COORDINATOR && error != Errors.CONCURRENT_TRANSACTIONS;
    }

    private static Reply asked(Supplier<CompletableFuture<Reply>> request) {
        return until(() -> await(request.get()), reply -> settled(reply.error()));
    }

    private Reply initialize(String id) {
        return asked(() -> transactions.initialize(id, 60_000, -1, (short) -1));
    }

    private Map<TopicPartition, Errors> admit(String id, long producerId, int epoch, Mode mode, TopicPartition... partitions) {
        return await(admission.admit(id, producerId, (short) epoch, Set.of(partitions), mode));
    }

    private void produce(TopicPartition tp, Reply producer) {
        ByteBuffer batch = MemoryRecords.withTransactionalRecords(Compression.NONE, producer.producerId(), producer.epoch(), 0, new SimpleRecord(System.currentTimeMillis(), "v".getBytes())).buffer();
        Partition partition = broker.partition(tp.topic(), tp.partition());
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(batch), AppendOrigin.CLIENT, result::complete));
        assertThat(await(result)).isInstanceOf(AppendResult.Appended.class);
    }

    private void commit(String id, Reply producer) {
        assertThat(asked(() -> transactions.end(id, producer.producerId(), producer.epoch(), true, TransactionVersion.TV_2)).error()).isEqualTo(Errors.NONE);
    }

    private void untilComplete(String id) {
        until(() -> await(transactions.describe(id)).transactionState(), "CompleteCommit"::equals);
    }

    /** An open transaction with a record in both partitions. */
    private Reply open(String id) {
        Reply producer = initialize(id);
        assertThat(admit(id, producer.producerId(), producer.epoch(), Mode.ADD, T0, T1)).isEqualTo(Map.of(T0, Errors.NONE, T1, Errors.NONE));
        produce(T0, producer);
        produce(T1, producer);
        return producer;
    }

    private int markers(TopicPartition tp) {
        Partition partition = broker.partition(tp.topic(), tp.partition());
        return await(CompletableFuture.supplyAsync(() -> {
            if (!(partition.log().hot().read(0, 1 << 20, Long.MAX_VALUE, true) instanceof ReadResult.Range read)) {
                return 0;
            }
            try {
                ByteBuffer bytes = ByteBuffer.allocate(read.range().sizeBytes());
                read.range().read(0, bytes);
                int found = 0;
                for (RecordBatch batch : MemoryRecords.readableRecords(bytes.flip()).batches()) {
                    for (Record record : batch) {
                        found += batch.isControlBatch() && record.key().getShort(2) == 1 ? 1 : 0;
                    }
                }
                return found;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                read.range().release();
            }
        }, partition.loop()));
    }

    private boolean stable(TopicPartition tp) {
        Partition partition = broker.partition(tp.topic(), tp.partition());
        return await(CompletableFuture.supplyAsync(() -> partition.lastStableOffset() == partition.log().hot().logEndOffset(), partition.loop()));
    }

    private long markerRequests() {
        return peers.sent.stream().filter(WriteTxnMarkersRequest.class::isInstance).count();
    }

    // Markers

    @Test
    void markersReachTheLeadersOnAnotherBrokerInOneRequest() {
        Reply producer = open("tx");
        commit("tx", producer);
        untilComplete("tx");

        assertThat(List.of(markers(T0), markers(T1))).containsExactly(1, 1);
        assertThat(stable(T0) && stable(T1)).isTrue();
        assertThat(markerRequests()).isEqualTo(1);
    }

    @Test
    void aMarkerWhoseRequestWasLostIsSentAgain() {
        Reply producer = open("tx");
        peers.requestsToLose.set(2);
        commit("tx", producer);
        untilComplete("tx");

        assertThat(List.of(markers(T0), markers(T1))).containsExactly(1, 1);
        assertThat(markerRequests()).isEqualTo(3);
    }

    @Test
    void aMarkerWhoseAnswerWasLostIsInTheLogOnceAllTheSame() {
        Reply producer = open("tx");
        peers.repliesToLose.set(2);
        commit("tx", producer);
        untilComplete("tx");

        assertThat(markerRequests()).isEqualTo(3);
        assertThat(List.of(markers(T0), markers(T1))).containsExactly(1, 1);
    }

    @Test
    void aMarkerWaitsForALeader() {
        Reply producer = open("tx");
        leaderless = true;
        CompletableFuture<Reply> ending = transactions.end("tx", producer.producerId(), producer.epoch(), true, TransactionVersion.TV_2);
        assertThat(await(ending).error()).isEqualTo(Errors.NONE);
        assertThat(await(transactions.describe("tx")).transactionState()).isEqualTo("PrepareCommit");
        assertThat(markerRequests()).isZero();

        leaderless = false;

        untilComplete("tx");
        assertThat(List.of(markers(T0), markers(T1))).containsExactly(1, 1);
    }

    // Admission

    @Test
    void aTransactionIsAskedForWhereItIsCoordinated() {
        Reply producer = initialize("tx");
        long id = producer.producerId();
        int epoch = producer.epoch();
        assertThat(admit("tx", id, epoch, Mode.VERIFY, T0)).containsExactly(Map.entry(T0, Errors.TRANSACTION_ABORTABLE));
        assertThat(admit("tx", id, epoch, Mode.VERIFY_LEGACY, T0)).containsExactly(Map.entry(T0, Errors.INVALID_TXN_STATE));

        assertThat(admit("tx", id, epoch, Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.NONE));

        assertThat(admit("tx", id, epoch, Mode.VERIFY, T0, T1)).isEqualTo(Map.of(T0, Errors.NONE, T1, Errors.TRANSACTION_ABORTABLE));
        assertThat(await(transactions.describe("tx")).transactionState()).isEqualTo("Ongoing");
    }

    @Test
    void whatTheCoordinatorRefusesIsToldAsClientsKnowIt() {
        Reply producer = initialize("tx");
        assertThat(admit("tx", producer.producerId(), producer.epoch() - 1, Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.INVALID_PRODUCER_EPOCH));
        assertThat(admit("unknown", producer.producerId(), producer.epoch(), Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.INVALID_PRODUCER_ID_MAPPING));
    }

    @Test
    void nothingIsAdmittedWithoutAnAnswer() {
        Reply producer = initialize("tx");
        peers.requestsToLose.set(1);
        assertThat(admit("tx", producer.producerId(), producer.epoch(), Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.NETWORK_EXCEPTION));
        peers.repliesToLose.set(1);
        assertThat(admit("tx", producer.producerId(), producer.epoch(), Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.NETWORK_EXCEPTION));
        leaderless = true;
        assertThat(admit("tx", producer.producerId(), producer.epoch(), Mode.ADD, T0)).containsExactly(Map.entry(T0, Errors.COORDINATOR_NOT_AVAILABLE));
    }

    @Test
    void questionsAboutManyTransactionsAtOnceAreAnsweredEach() {
        List<Reply> producers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            producers.add(initialize("tx" + i));
        }
        List<CompletableFuture<Map<TopicPartition, Errors>>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            int wrongly = i == 7 ? 1 : 0;
            answers.add(admission.admit("tx" + i, producers.get(i).producerId() + wrongly, producers.get(i).epoch(), Set.of(T0), Mode.ADD));
        }
        for (int i = 0; i < 20; i++) {
            assertThat(await(answers.get(i)).get(T0)).as("tx%s", i).isEqualTo(i == 7 ? Errors.INVALID_PRODUCER_ID_MAPPING : Errors.NONE);
        }
    }
}
