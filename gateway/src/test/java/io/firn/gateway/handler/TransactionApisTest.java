package io.firn.gateway.handler;

import static io.firn.gateway.rig.Await.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.config.TopicConfigRules;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.group.GroupCoordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.transaction.LocalMarkers;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.TransactionCoordination;
import io.firn.gateway.transaction.TransactionSettings;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarkerTopic;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The transaction APIs, each in the versions it has, over both coordinators and real partitions. */
class TransactionApisTest {
    private static final String ID = "tx";

    @TempDir
    Path directory;
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
    private TestPartitions broker;
    private TransactionCoordination transactions;
    private Coordination<?> groups;
    private AutoCreation autoCreation;
    private ApiTable apis;

    @BeforeEach
    void open() {
        BrokerConfig config = ConfigLoader.load(Optional.empty(), Map.of("FIRN_TRANSACTION_STATE_PARTITIONS", "2", "FIRN_GROUP_OFFSETS_PARTITIONS", "2"), List.of());
        broker = new TestPartitions(directory);
        broker.createTopic("t", 2, Map.of());
        broker.partition("t", 0);
        broker.partition("t", 1);
        ProducerIds ids = new ProducerIds(scheduler, broker.metadata::submit);
        AtomicReference<Groups> asked = new AtomicReference<>();
        LocalMarkers markers = new LocalMarkers(broker.partitions, (partition, marker) -> asked.get().endTransaction(partition, marker), InstantSource.system());
        transactions = new TransactionCoordination(2, new TransactionSettings(900_000, 1_000_000, 3_600_000, 3_600_000, 5_000), broker.metadata, broker.partitions, markers, ids::next,
                InstantSource.system());
        var coordination = GroupCoordination.of(broker.peers(), 2, () -> GroupSettings.of(config.group()), NoOpStatePersister::new, broker.metadata, broker.partitions, transactions.transactions(), InstantSource.system());
        groups = coordination;
        asked.set(new Groups(coordination));
        Timer timer = Timer.on(scheduler);
        TopicCreation creation = new TopicCreation(broker.metadata, new Commands(broker.metadata, timer), topic -> CompletableFuture.completedFuture(null), timer);
        autoCreation = new AutoCreation(broker.metadata, new NewTopics(new TopicConfigRules(TopicConfigs.of(config)), 1, 1), creation, 2, 2, new ReplicationFactors(1, 3, 3, 0));
        Groups groupsAsked = asked.get();
        List<ServedApi> served = new ArrayList<>(new TransactionHandlers(broker.metadata, autoCreation, transactions.transactions()).all());
        served.add(ServedApi.of(ApiKeys.INIT_PRODUCER_ID, new InitProducerIdHandler(ids, transactions.transactions())));
        served.add(ServedApi.of(ApiKeys.TXN_OFFSET_COMMIT, new TxnOffsetCommitHandler(broker.metadata, groupsAsked)));
        served.add(ServedApi.of(ApiKeys.OFFSET_FETCH, new OffsetFetchHandler(broker.metadata, groupsAsked)));
        served.add(ServedApi.of(ApiKeys.WRITE_TXN_MARKERS, new WriteTxnMarkersHandler(markers)));
        served.add(ServedApi.of(ApiKeys.DESCRIBE_PRODUCERS, new DescribeProducersHandler(broker.partitions)));
        apis = new ApiTable(served);
        transactions.start();
        coordination.start();
    }

    @AfterEach
    void close() throws Exception {
        groups.close();
        transactions.close();
        broker.close();
        scheduler.shutdownNow();
    }

    private <T extends ApiMessage> T ask(ApiKeys api, int version, ApiMessage body, Class<T> type) {
        TestRequest request = TestRequest.of(api, version, body);
        apis.handler(api, (short) version).orElseThrow().handle(request);
        try {
            return request.answer(type);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static boolean settled(short code) {
        return !Set.of(Errors.COORDINATOR_NOT_AVAILABLE, Errors.COORDINATOR_LOAD_IN_PROGRESS, Errors.NOT_COORDINATOR, Errors.CONCURRENT_TRANSACTIONS).contains(Errors.forCode(code));
    }

    /** What FindCoordinator does before it answers. */
    private void findCoordinator(String topic) {
        if (broker.metadata.view().topic(topic).isEmpty()) {
            assertThat(autoCreation.createInternal(topic).orTimeout(30, TimeUnit.SECONDS).join()).isEqualTo(Errors.NONE);
        }
    }

    private InitProducerIdResponseData initialize(int version, long producerId, int epoch) {
        findCoordinator("__transaction_state");
        InitProducerIdRequestData body = new InitProducerIdRequestData().setTransactionalId(ID).setTransactionTimeoutMs(60_000);
        InitProducerIdRequestData whole = version < 3 ? body : body.setProducerId(producerId).setProducerEpoch((short) epoch);
        return until(() -> ask(ApiKeys.INIT_PRODUCER_ID, version, whole, InitProducerIdResponseData.class), answer -> settled(answer.errorCode()));
    }

    private InitProducerIdResponseData initialize() {
        return initialize(5, -1, -1);
    }

    private static AddPartitionsToTxnTopicCollection topics(String topic, Integer... partitions) {
        AddPartitionsToTxnTopicCollection topics = new AddPartitionsToTxnTopicCollection();
        topics.add(new AddPartitionsToTxnTopic().setName(topic).setPartitions(List.of(partitions)));
        return topics;
    }

    private List<Errors> add(int version, long producerId, int epoch, String topic, Integer... partitions) {
        AddPartitionsToTxnRequestData body = new AddPartitionsToTxnRequestData().setV3AndBelowTransactionalId(ID).setV3AndBelowProducerId(producerId).setV3AndBelowProducerEpoch((short) epoch)
                .setV3AndBelowTopics(topics(topic, partitions));
        return ask(ApiKeys.ADD_PARTITIONS_TO_TXN, version, body, AddPartitionsToTxnResponseData.class).resultsByTopicV3AndBelow().find(topic).resultsByPartition().stream()
                .map(result -> Errors.forCode(result.partitionErrorCode())).toList();
    }

    private EndTxnResponseData end(int version, long producerId, int epoch, boolean commit) {
        EndTxnRequestData body = new EndTxnRequestData().setTransactionalId(ID).setProducerId(producerId).setProducerEpoch((short) epoch).setCommitted(commit);
        return until(() -> ask(ApiKeys.END_TXN, version, body, EndTxnResponseData.class), answer -> settled(answer.errorCode()));
    }

    private DescribeTransactionsResponseData.TransactionState described() {
        return until(() -> ask(ApiKeys.DESCRIBE_TRANSACTIONS, 0, new DescribeTransactionsRequestData().setTransactionalIds(List.of(ID)), DescribeTransactionsResponseData.class)
                .transactionStates().get(0), state -> settled(state.errorCode()));
    }

    private void untilState(String state) {
        until(() -> described().transactionState(), state::equals);
    }

    private void produce(int partition, long producerId, int epoch) {
        ByteBuffer batch = MemoryRecords.withTransactionalRecords(Compression.NONE, producerId, (short) epoch, 0, new SimpleRecord(System.currentTimeMillis(), "v".getBytes())).buffer();
        Partition target = broker.partition("t", partition);
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        target.loop().execute(() -> target.append(RecordBuffers.of(batch), AppendOrigin.CLIENT, result::complete));
        assertThat(result.orTimeout(30, TimeUnit.SECONDS).join()).isInstanceOf(AppendResult.Appended.class);
    }

    // Clients

    @Test
    void theTopicOfTheCoordinatorIsMadeAsItNeedsIt() {
        findCoordinator("__transaction_state");

        var topic = broker.metadata.view().topic("__transaction_state").orElseThrow();
        assertThat(topic.partitions()).hasSize(2);
        assertThat(topic.configs()).containsEntry("cleanup.policy", "compact").containsEntry("compression.type", "uncompressed").containsEntry("min.insync.replicas", "1")
                .containsEntry("unclean.leader.election.enable", "false");
        assertThat(initialize().errorCode()).isZero();
    }

    @Test
    void clientsOfEveryVersionBeginAddAndEnd() {
        for (int version = 0; version <= 5; version++) {
            InitProducerIdResponseData producer = initialize(version, -1, -1);
            assertThat(Errors.forCode(producer.errorCode())).as("InitProducerId %d", version).isEqualTo(Errors.NONE);
            int adding = Math.min(version, 3);
            assertThat(add(adding, producer.producerId(), producer.producerEpoch(), "t", 0, 1)).as("AddPartitionsToTxn %d", adding).containsOnly(Errors.NONE);
            EndTxnResponseData ended = end(version, producer.producerId(), producer.producerEpoch(), true);
            assertThat(Errors.forCode(ended.errorCode())).as("EndTxn %d", version).isEqualTo(Errors.NONE);
            assertThat(ended.producerEpoch()).as("the raised epoch").isEqualTo(version < 5 ? (short) -1 : (short) (producer.producerEpoch() + 1));
            untilState("CompleteCommit");
        }
    }

    @Test
    void aProducerGoesOnWithWhatItHasAndLearnsWhenThatIsOld() {
        InitProducerIdResponseData first = initialize();
        InitProducerIdResponseData next = initialize(5, first.producerId(), first.producerEpoch());
        assertThat(next.producerEpoch()).isEqualTo((short) 1);
        assertThat(initialize(5, first.producerId(), first.producerEpoch()).producerEpoch()).as("asked again").isEqualTo((short) 1);
        initialize();

        assertThat(Errors.forCode(initialize(4, first.producerId(), first.producerEpoch()).errorCode())).isEqualTo(Errors.PRODUCER_FENCED);
        assertThat(Errors.forCode(initialize(3, first.producerId(), first.producerEpoch()).errorCode())).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(add(1, first.producerId(), 0, "t", 0)).containsExactly(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(add(2, first.producerId(), 0, "t", 0)).containsExactly(Errors.PRODUCER_FENCED);
        assertThat(Errors.forCode(end(1, first.producerId(), 0, true).errorCode())).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(Errors.forCode(end(2, first.producerId(), 0, true).errorCode())).isEqualTo(Errors.PRODUCER_FENCED);
    }

    @Test
    void requestsThatMakeNoSenseAreInvalid() {
        InitProducerIdRequestData empty = new InitProducerIdRequestData().setTransactionalId("").setTransactionTimeoutMs(1);
        InitProducerIdRequestData half = new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(1).setProducerId(5);
        assertThat(ask(ApiKeys.INIT_PRODUCER_ID, 5, empty, InitProducerIdResponseData.class).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(ask(ApiKeys.INIT_PRODUCER_ID, 5, half, InitProducerIdResponseData.class).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(ask(ApiKeys.INIT_PRODUCER_ID, 5, new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(1), InitProducerIdResponseData.class).producerId()).isNotNegative();
        assertThat(ask(ApiKeys.END_TXN, 5, new EndTxnRequestData().setTransactionalId(""), EndTxnResponseData.class).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(ask(ApiKeys.ADD_OFFSETS_TO_TXN, 4, new AddOffsetsToTxnRequestData().setTransactionalId("").setGroupId("g"), AddOffsetsToTxnResponseData.class).errorCode())
                .isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void onePartitionThatDoesNotExistKeepsTheOthersOut() {
        InitProducerIdResponseData producer = initialize();

        assertThat(add(3, producer.producerId(), 0, "t", 0, 2)).containsExactlyInAnyOrder(Errors.OPERATION_NOT_ATTEMPTED, Errors.UNKNOWN_TOPIC_OR_PARTITION);

        assertThat(described().transactionState()).isEqualTo("Empty");
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5})
    void brokersAddAndVerifyForManyTransactionsAtOnce(int version) {
        InitProducerIdResponseData producer = initialize();
        AddPartitionsToTxnTransactionCollection asked = new AddPartitionsToTxnTransactionCollection();
        asked.add(new AddPartitionsToTxnTransaction().setTransactionalId(ID).setProducerId(producer.producerId()).setProducerEpoch((short) 0).setTopics(topics("t", 0)));
        asked.add(new AddPartitionsToTxnTransaction().setTransactionalId("nobody").setProducerId(9).setProducerEpoch((short) 0).setVerifyOnly(true).setTopics(topics("t", 1)));

        AddPartitionsToTxnResponseData answer = until(() -> ask(ApiKeys.ADD_PARTITIONS_TO_TXN, version, new AddPartitionsToTxnRequestData().setTransactions(asked.duplicate()),
                AddPartitionsToTxnResponseData.class), all -> all.resultsByTransaction().stream().allMatch(one -> settled(one.topicResults().find("t").resultsByPartition().find(
                        one.transactionalId().equals(ID) ? 0 : 1).partitionErrorCode())));

        assertThat(answer.resultsByTransaction().find(ID).topicResults().find("t").resultsByPartition().find(0).partitionErrorCode()).isZero();
        assertThat(answer.resultsByTransaction().find("nobody").topicResults().find("t").resultsByPartition().find(1).partitionErrorCode())
                .isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING.code());
    }

    // Offsets

    private Errors commitOffset(int version, long producerId, int epoch, String topic, long offset) {
        TxnOffsetCommitRequestData body = new TxnOffsetCommitRequestData().setTransactionalId(ID).setGroupId("g").setProducerId(producerId).setProducerEpoch((short) epoch)
                .setTopics(List.of(new TxnOffsetCommitRequestTopic().setName(topic).setPartitions(List.of(new TxnOffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(offset)))));
        short code = until(() -> ask(ApiKeys.TXN_OFFSET_COMMIT, version, body, TxnOffsetCommitResponseData.class).topics().get(0).partitions().get(0).errorCode(), TransactionApisTest::settled);
        return Errors.forCode(code);
    }

    private long committedOffset() {
        OffsetFetchRequestData body = new OffsetFetchRequestData().setRequireStable(true).setGroups(List.of(new OffsetFetchRequestGroup().setGroupId("g")
                .setTopics(List.of(new OffsetFetchRequestTopics().setName("t").setPartitionIndexes(List.of(0))))));
        return until(() -> ask(ApiKeys.OFFSET_FETCH, 9, body, OffsetFetchResponseData.class).groups().get(0),
                group -> settled(group.errorCode()) && group.topics().get(0).partitions().get(0).errorCode() == 0).topics().get(0).partitions().get(0).committedOffset();
    }

    @Test
    void offsetsCountWhenTheirTransactionCommits() {
        findCoordinator("__consumer_offsets");
        InitProducerIdResponseData producer = initialize();
        long id = producer.producerId();
        assertThat(commitOffset(5, id, 0, "t", 42)).isEqualTo(Errors.NONE);
        assertThat(described().topics().find("__consumer_offsets")).as("added by the commit itself").isNotNull();
        end(5, id, 0, true);
        assertThat(committedOffset()).isEqualTo(42);

        assertThat(commitOffset(5, id, 1, "t", 43)).isEqualTo(Errors.NONE);
        end(5, id, 1, false);
        assertThat(committedOffset()).as("the other was aborted").isEqualTo(42);

        assertThat(commitOffset(5, id, 0, "t", 44)).as("a zombie").isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
        assertThat(commitOffset(5, id, 2, "nope", 1)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void olderClientsAddTheirOffsetsFirst() {
        InitProducerIdResponseData producer = initialize();
        long id = producer.producerId();
        for (int version = 0; version <= 4; version++) {
            int epoch = producer.producerEpoch();
            AddOffsetsToTxnRequestData adding = new AddOffsetsToTxnRequestData().setTransactionalId(ID).setProducerId(id).setProducerEpoch((short) epoch).setGroupId("g");
            int adds = version;
            short added = until(() -> ask(ApiKeys.ADD_OFFSETS_TO_TXN, adds, adding, AddOffsetsToTxnResponseData.class).errorCode(), TransactionApisTest::settled);
            assertThat(Errors.forCode(added)).as("AddOffsetsToTxn %d", version).isEqualTo(Errors.NONE);
            findCoordinator("__consumer_offsets");
            assertThat(commitOffset(version, id, epoch, "t", version)).as("TxnOffsetCommit %d", version).isEqualTo(Errors.NONE);
            end(Math.min(4, version), id, epoch, true);
            untilState("CompleteCommit");
            assertThat(committedOffset()).isEqualTo(version);
        }
        assertThat(commitOffset(3, id, 0, "t", 9)).as("not added").isEqualTo(Errors.INVALID_TXN_STATE);
        assertThat(commitOffset(4, id, 0, "t", 9)).as("not added").isEqualTo(Errors.TRANSACTION_ABORTABLE);
    }

    // Administration

    @Test
    void producersOfAPartitionAreDescribed() {
        InitProducerIdResponseData producer = initialize();
        add(3, producer.producerId(), 0, "t", 0);
        produce(0, producer.producerId(), 0);

        DescribeProducersResponseData answer = ask(ApiKeys.DESCRIBE_PRODUCERS, 0, new DescribeProducersRequestData().setTopics(List.of(
                new DescribeProducersRequestData.TopicRequest().setName("t").setPartitionIndexes(List.of(0, 1, 2)),
                new DescribeProducersRequestData.TopicRequest().setName("bad name").setPartitionIndexes(List.of(0)))), DescribeProducersResponseData.class);

        var partitions = answer.topics().get(0).partitions();
        assertThat(partitions.get(0).activeProducers()).singleElement().satisfies(active -> {
            assertThat(active.producerId()).isEqualTo(producer.producerId());
            assertThat(active.currentTxnStartOffset()).isZero();
            assertThat(active.coordinatorEpoch()).isEqualTo(-1);
        });
        assertThat(partitions.get(1).activeProducers()).isEmpty();
        assertThat(Errors.forCode(partitions.get(2).errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(Errors.forCode(answer.topics().get(1).partitions().get(0).errorCode())).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void markersOfOthersAreWrittenAndJudged(int version) {
        produce(0, 70, 3);
        WriteTxnMarkersRequestData body = new WriteTxnMarkersRequestData().setMarkers(List.of(marker(70, 3, 0, 5), marker(71, 1, 1)));

        WriteTxnMarkersResponseData answer = ask(ApiKeys.WRITE_TXN_MARKERS, version, body, WriteTxnMarkersResponseData.class);

        assertThat(error(answer, 70, 0)).isEqualTo(Errors.NONE);
        assertThat(error(answer, 70, 5)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(answer, 71, 1)).isEqualTo(Errors.NONE);
        assertThat(error(ask(ApiKeys.WRITE_TXN_MARKERS, version, new WriteTxnMarkersRequestData().setMarkers(List.of(marker(70, 2, 0))), WriteTxnMarkersResponseData.class), 70, 0))
                .isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aMarkerThatCannotBeIsAnsweredAllTheSame(int version) {
        WriteTxnMarkersRequestData body = new WriteTxnMarkersRequestData().setMarkers(List.of(marker(70, -1, 0), marker(-1, 1, 0)));

        WriteTxnMarkersResponseData answer = ask(ApiKeys.WRITE_TXN_MARKERS, version, body, WriteTxnMarkersResponseData.class);

        assertThat(error(answer, 70, 0)).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
        assertThat(error(answer, -1, 0)).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
    }

    private static WritableTxnMarker marker(long producerId, int epoch, Integer... partitions) {
        return new WritableTxnMarker().setProducerId(producerId).setProducerEpoch((short) epoch).setCoordinatorEpoch(0).setTransactionResult(false)
                .setTopics(List.of(new WritableTxnMarkerTopic().setName("t").setPartitionIndexes(List.of(partitions))));
    }

    private static Errors error(WriteTxnMarkersResponseData answer, long producerId, int partition) {
        return answer.markers().stream().filter(marker -> marker.producerId() == producerId).flatMap(marker -> marker.topics().stream()).flatMap(topic -> topic.partitions().stream())
                .filter(result -> result.partitionIndex() == partition).map(result -> Errors.forCode(result.errorCode())).findAny().orElseThrow();
    }

    @Test
    void transactionsAreListedInEveryVersion() {
        initialize();
        for (int version = 0; version <= 2; version++) {
            ListTransactionsResponseData answer = ask(ApiKeys.LIST_TRANSACTIONS, version, new ListTransactionsRequestData(), ListTransactionsResponseData.class);
            assertThat(answer.transactionStates()).singleElement().satisfies(state -> assertThat(state.transactionState()).isEqualTo("Empty"));
        }
    }
}
