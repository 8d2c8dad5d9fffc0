package io.firn.gateway.coordinator;

import static io.firn.gateway.rig.Await.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.group.GroupCoordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.rig.Await;
import io.firn.gateway.share.ShareCoordination;
import io.firn.gateway.share.ShareSettings;
import io.firn.gateway.transaction.LocalMarkers;
import io.firn.gateway.transaction.MarkerSender;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.Reply;
import io.firn.gateway.transaction.TransactionCoordination;
import io.firn.gateway.transaction.TransactionSettings;
import io.firn.membership.TopicView;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.InitializeShareGroupStateRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.ReadShareGroupStateRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateResponseData;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two brokers' coordinators, {@code a} and {@code b}, over the same logs, while the leadership of their partitions moves from one to the other. */
class MovingCoordinatorsTest {
    private static final Set<Errors> ON_THE_WAY = EnumSet.of(Errors.COORDINATOR_NOT_AVAILABLE, Errors.NOT_COORDINATOR, Errors.COORDINATOR_LOAD_IN_PROGRESS);

    @TempDir
    Path directory;
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
    private TestPartitions broker;
    private Partitions a;
    private Partitions b;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        a = broker.partitions;
        b = broker.elsewhere();
        broker.createTopic("t", 1, Map.of());
    }

    @AfterEach
    void close() {
        broker.close();
        scheduler.shutdownNow();
    }

    private TopicView topic() {
        return broker.metadata.view().topic("t").orElseThrow();
    }

    private Partition state(String topic) {
        broker.createTopic(topic, 1, Map.of("cleanup.policy", "compact", "remote.storage.enable", "false"));
        return broker.partition(topic, 0);
    }

    /** Asks as a client does, on whose way nothing but these errors may come. */
    private static <T> T settled(Supplier<CompletableFuture<T>> question, Function<T, Errors> error) {
        return until(() -> Await.get(question.get()), answer -> !ON_THE_WAY.contains(error.apply(answer)));
    }

    private static <T> void untilNotCoordinator(Supplier<CompletableFuture<T>> question, Function<T, Errors> error) {
        until(() -> error.apply(Await.get(question.get())), Errors.NOT_COORDINATOR::equals);
    }

    // Groups

    private Coordination<GroupCoordinator> groups(Partitions partitions) {
        GroupSettings settings = GroupSettings.of(new BrokerConfig.Group(1, 1, 1, Map.of("group.initial.rebalance.delay.ms", "0")));
        Coordination<GroupCoordinator> made = GroupCoordination.of(broker.peers(), 1, () -> settings, NoOpStatePersister::new, broker.metadata, partitions, TransactionAdmission.NONE, InstantSource.system());
        made.start();
        made.want();
        return made;
    }

    private static Caller caller(ApiKeys api, int version) {
        return new Caller("test", InetAddress.getLoopbackAddress(), api.id, version, 1);
    }

    private Errors commit(GroupCoordinator groups, long offset) {
        TopicView topic = topic();
        OffsetCommitRequestData body = new OffsetCommitRequestData().setGroupId("g").setTopics(List.of(new OffsetCommitRequestTopic().setName(topic.name()).setTopicId(topic.id())
                .setPartitions(List.of(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(offset)))));
        return settled(() -> groups.commitOffsets(caller(ApiKeys.OFFSET_COMMIT, 9), body, BufferSupplier.NO_CACHING).thenApply(answer -> Errors.forCode(answer.topics().get(0).partitions().get(0).errorCode())),
                error -> error);
    }

    private CompletableFuture<OffsetFetchResponseGroup> fetch(GroupCoordinator groups) {
        TopicView topic = topic();
        return groups.fetchOffsets(caller(ApiKeys.OFFSET_FETCH, 9), new OffsetFetchRequestGroup().setGroupId("g")
                .setTopics(List.of(new OffsetFetchRequestTopics().setName(topic.name()).setTopicId(topic.id()).setPartitionIndexes(List.of(0)))), true);
    }

    private long fetched(GroupCoordinator groups) {
        return settled(() -> fetch(groups), answer -> Errors.forCode(answer.errorCode())).topics().get(0).partitions().get(0).committedOffset();
    }

    @Test
    void aBrokerThatMayNotLeadCoordinatesNothing() {
        AtomicBoolean mayLead = new AtomicBoolean(true);
        Partitions cut = new Partitions(broker.metadata::view, new Standing() {
            @Override
            public boolean mayLead() {
                return mayLead.get();
            }

            @Override
            public boolean cutOff() {
                return false;
            }
        });
        TestPartitions.move(state("__consumer_offsets"), a, cut);
        try (Coordination<GroupCoordinator> groups = groups(cut)) {
            assertThat(commit(until(groups::serving, Optional::isPresent).orElseThrow(), 42)).isEqualTo(Errors.NONE);
            mayLead.set(false);
            assertThat(groups.serving()).isEmpty();
            mayLead.set(true);
            assertThat(fetched(groups.serving().orElseThrow())).isEqualTo(42);
        }
    }

    @Test
    void aGroupsOffsetsAreWithWhoeverLeadsThemAndNowhereElse() {
        Partition offsets = state("__consumer_offsets");
        try (Coordination<GroupCoordinator> onA = groups(a); Coordination<GroupCoordinator> onB = groups(b)) {
            GroupCoordinator groupsOfA = until(onA::serving, Optional::isPresent).orElseThrow();
            GroupCoordinator groupsOfB = until(onB::serving, Optional::isPresent).orElseThrow();
            assertThat(commit(groupsOfA, 42)).isEqualTo(Errors.NONE);
            untilNotCoordinator(() -> fetch(groupsOfB), answer -> Errors.forCode(answer.errorCode()));

            TestPartitions.move(offsets, a, b);

            assertThat(fetched(groupsOfB)).isEqualTo(42);
            untilNotCoordinator(() -> fetch(groupsOfA), answer -> Errors.forCode(answer.errorCode()));
            assertThat(commit(groupsOfB, 43)).isEqualTo(Errors.NONE);

            TestPartitions.move(offsets, b, a);

            assertThat(fetched(groupsOfA)).as("what the other one wrote meanwhile").isEqualTo(43);
        }
    }

    // Transactions

    private TransactionCoordination transactions(Partitions partitions, MarkerSender markers) {
        ProducerIds ids = new ProducerIds(scheduler, broker.metadata::submit);
        TransactionCoordination made = new TransactionCoordination(1, new TransactionSettings(900_000, 1_000_000, 3_600_000, 3_600_000, 5_000), broker.metadata, partitions, markers, ids::next,
                InstantSource.system());
        made.start();
        made.transactions().want();
        return made;
    }

    @Test
    void aPreparedTransactionIsEndedByTheNewCoordinatorAndTheOldOneLetsGo() {
        Partition state = state("__transaction_state");
        TopicPartition t0 = new TopicPartition("t", 0);
        Queue<CompletableFuture<Map<TopicPartition, Errors>>> unanswered = new ConcurrentLinkedQueue<>();
        MarkerSender silent = marker -> {
            CompletableFuture<Map<TopicPartition, Errors>> answer = new CompletableFuture<>();
            unanswered.add(answer);
            return answer;
        };
        LocalMarkers local = new LocalMarkers(a, (partition, marker) -> CompletableFuture.failedFuture(new IllegalStateException("no groups here")), InstantSource.system());
        try (TransactionCoordination onA = transactions(a, silent); TransactionCoordination onB = transactions(b, local)) {
            Reply producer = settled(() -> onA.transactions().initialize("tx", 60_000, -1, (short) -1), Reply::error);
            assertThat(settled(() -> onA.transactions().addPartitions("tx", producer.producerId(), producer.epoch(), Set.of(t0), TransactionVersion.TV_2), error -> error)).isEqualTo(Errors.NONE);
            assertThat(settled(() -> onA.transactions().end("tx", producer.producerId(), producer.epoch(), true, TransactionVersion.TV_2), Reply::error).error()).isEqualTo(Errors.NONE);
            Await.until("the old coordinator sends markers", () -> !unanswered.isEmpty());

            TestPartitions.move(state, a, b);

            until(() -> settled(() -> onB.transactions().describe("tx"), answer -> Errors.forCode(answer.errorCode())).transactionState(), "CompleteCommit"::equals);
            untilNotCoordinator(() -> onA.transactions().describe("tx"), answer -> Errors.forCode(answer.errorCode()));
            Reply next = settled(() -> onB.transactions().initialize("tx", 60_000, -1, (short) -1), Reply::error);
            assertThat(next.error()).isEqualTo(Errors.NONE);
            assertThat(settled(() -> onB.transactions().addPartitions("tx", next.producerId(), next.epoch(), Set.of(t0), TransactionVersion.TV_2), error -> error)).isEqualTo(Errors.NONE);

            unanswered.remove().complete(Map.of(t0, Errors.NONE));

            untilNotCoordinator(() -> onA.transactions().end("tx", producer.producerId(), producer.epoch(), true, TransactionVersion.TV_2), Reply::error);
            assertThat(Await.get(onB.transactions().describe("tx")).transactionState()).as("what came late ends no other transaction").isEqualTo("Ongoing");
        }
    }

    // Share groups

    private Coordination<ShareCoordinator> shares(Partitions partitions) {
        Coordination<ShareCoordinator> made = ShareCoordination.of(TestPartitions.BROKER, 1, () -> ShareSettings.of(Map.of()), broker.metadata, partitions, InstantSource.system());
        made.start();
        made.want();
        return made;
    }

    private static RequestContext context(ApiKeys api) {
        return new RequestContext(new RequestHeader(api, api.latestVersion(), "test", 0), "c", InetAddress.getLoopbackAddress(), KafkaPrincipal.ANONYMOUS,
                ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT), SecurityProtocol.PLAINTEXT, ClientInformation.EMPTY, false);
    }

    private static CompletableFuture<ReadShareGroupStateResponseData> read(ShareCoordinator shares, Uuid topic) {
        return shares.readState(context(ApiKeys.READ_SHARE_GROUP_STATE), new ReadShareGroupStateRequestData().setGroupId("g").setTopics(List.of(new ReadShareGroupStateRequestData.ReadStateData().setTopicId(topic)
                .setPartitions(List.of(new ReadShareGroupStateRequestData.PartitionData().setPartition(0).setLeaderEpoch(0))))));
    }

    private static Errors error(ReadShareGroupStateResponseData answer) {
        return Errors.forCode(answer.results().get(0).partitions().get(0).errorCode());
    }

    @Test
    void theStateOfShareGroupsIsWithWhoeverLeadsIt() {
        Partition state = state("__share_group_state");
        Uuid topic = topic().id();
        try (Coordination<ShareCoordinator> onA = shares(a); Coordination<ShareCoordinator> onB = shares(b)) {
            ShareCoordinator sharesOfA = until(onA::serving, Optional::isPresent).orElseThrow();
            ShareCoordinator sharesOfB = until(onB::serving, Optional::isPresent).orElseThrow();
            InitializeShareGroupStateRequestData body = new InitializeShareGroupStateRequestData().setGroupId("g").setTopics(List.of(new InitializeShareGroupStateRequestData.InitializeStateData()
                    .setTopicId(topic).setPartitions(List.of(new InitializeShareGroupStateRequestData.PartitionData().setPartition(0).setStateEpoch(1).setStartOffset(77)))));
            Errors made = settled(() -> sharesOfA.initializeState(context(ApiKeys.INITIALIZE_SHARE_GROUP_STATE), body)
                    .thenApply(answer -> Errors.forCode(answer.results().get(0).partitions().get(0).errorCode())), error -> error);
            assertThat(made).isEqualTo(Errors.NONE);

            TestPartitions.move(state, a, b);

            ReadShareGroupStateResponseData there = settled(() -> read(sharesOfB, topic), MovingCoordinatorsTest::error);
            assertThat(there.results().get(0).partitions().get(0).startOffset()).isEqualTo(77);
            untilNotCoordinator(() -> read(sharesOfA, topic), MovingCoordinatorsTest::error);
        }
    }
}
