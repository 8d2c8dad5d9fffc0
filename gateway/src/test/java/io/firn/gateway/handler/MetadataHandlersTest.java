package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataHandlersTest {
    private static final IntPredicate ANY = broker -> true;

    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private MetadataResponseData metadata(boolean autoCreate, int version, MetadataRequestData body) throws Exception {
        MetadataHandler handler = new MetadataHandler(AdminFixture.BROKER, autoCreate, admin.metadata, admin.autoCreation(), admin.charging);
        return ask(handler, ApiKeys.METADATA, version, body, MetadataResponseData.class);
    }

    private static MetadataRequestData named(String... names) {
        return new MetadataRequestData().setTopics(List.of(names).stream().map(name -> new MetadataRequestTopic().setName(name)).toList());
    }

    private static MetadataRequestData identified(Uuid... ids) {
        return new MetadataRequestData().setTopics(List.of(ids).stream().map(id -> new MetadataRequestTopic().setName(null).setTopicId(id)).toList());
    }

    private static Errors error(MetadataResponseTopic topic) {
        return Errors.forCode(topic.errorCode());
    }

    @Test
    void allTopicsComeWithTheClusterAndItsBrokers() throws Exception {
        TopicView topic = admin.topic("one", 2);

        MetadataResponseData response = metadata(true, 12, new MetadataRequestData().setTopics(null));

        assertThat(response.clusterId()).isEqualTo(admin.view().clusterId());
        assertThat(response.controllerId()).isEqualTo(1);
        assertThat(response.brokers()).singleElement().satisfies(broker -> {
            assertThat(broker.nodeId()).isEqualTo(1);
            assertThat(broker.host()).isEqualTo("host.test");
            assertThat(broker.port()).isEqualTo(9092);
            assertThat(broker.rack()).isEqualTo("rack-a");
        });
        assertThat(response.topics().find("one").topicId()).isEqualTo(topic.id());
        assertThat(response.topics().find("one").partitions()).hasSize(2).allSatisfy(partition -> {
            assertThat(partition.leaderId()).isEqualTo(1);
            assertThat(partition.leaderEpoch()).isEqualTo(topic.partitions().get(partition.partitionIndex()).leaderEpoch());
            assertThat(partition.replicaNodes()).containsExactly(1);
            assertThat(partition.isrNodes()).containsExactly(1);
        });
    }

    @Test
    void everyVersionIsAnswered() throws Exception {
        admin.topic("one", 1);
        for (short version = ApiKeys.METADATA.oldestVersion(); version <= ApiKeys.METADATA.latestVersion(false); version++) {
            assertThat(metadata(false, version, named("one").setAllowAutoTopicCreation(true)).topics()).as("version %s", version).hasSize(1);
        }
    }

    @Test
    void topicsAreFoundById() throws Exception {
        TopicView topic = admin.topic("one", 1);
        Uuid unknown = Uuid.randomUuid();

        MetadataResponseData response = metadata(true, 12, identified(topic.id(), unknown));

        assertThat(response.topics()).anySatisfy(found -> assertThat(found.name()).isEqualTo("one"));
        assertThat(response.topics()).anySatisfy(missing -> {
            assertThat(missing.topicId()).isEqualTo(unknown);
            assertThat(error(missing)).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
        });
    }

    @Test
    void anUnknownTopicIsCreatedWhenBrokerAndClientAllowIt() throws Exception {
        MetadataResponseData response = metadata(true, 12, named("made").setAllowAutoTopicCreation(true));

        assertThat(error(response.topics().find("made"))).isEqualTo(Errors.NONE);
        assertThat(response.topics().find("made").partitions()).hasSize(2);
    }

    @Test
    void anUnknownTopicIsNotCreatedWhenEitherForbidsIt() throws Exception {
        assertThat(error(metadata(true, 12, named("no").setAllowAutoTopicCreation(false)).topics().find("no"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(metadata(false, 12, named("no").setAllowAutoTopicCreation(true)).topics().find("no"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(admin.view().topics()).isEmpty();
    }

    @Test
    void invalidNamesAndInternalTopicsNobodyUsesAreNotCreated() throws Exception {
        MetadataResponseData response = metadata(true, 12, named("bad name", "__share_group_state").setAllowAutoTopicCreation(true));

        assertThat(error(response.topics().find("bad name"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertThat(error(response.topics().find("__share_group_state"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(admin.view().topics()).isEmpty();
    }

    @Test
    void theOffsetsTopicIsCreatedAsTheCoordinatorNeedsIt() throws Exception {
        metadata(true, 12, named("__consumer_offsets").setAllowAutoTopicCreation(true));

        TopicView topic = admin.view().topic("__consumer_offsets").orElseThrow();
        assertThat(topic.partitions()).hasSize(3);
        assertThat(topic.configs()).containsEntry("cleanup.policy", "compact").containsEntry("segment.bytes", "104857600");
    }

    @Test
    void authorizedOperationsAreToldOnRequestOnly() throws Exception {
        admin.topic("one", 1);

        assertThat(metadata(true, 10, named("one")).clusterAuthorizedOperations()).isEqualTo(Integer.MIN_VALUE);
        MetadataResponseData asked = metadata(true, 10, named("one").setIncludeClusterAuthorizedOperations(true).setIncludeTopicAuthorizedOperations(true));
        assertThat(asked.clusterAuthorizedOperations()).isPositive();
        assertThat(asked.topics().find("one").topicAuthorizedOperations()).isPositive();
    }

    @Test
    void aPartitionWhoseLeaderIsAwayIsReportedSo() {
        BrokerView away = new BrokerView(1, 1, "h", 1, Optional.empty(), true);
        TopicView topic = new TopicView(Uuid.randomUuid(), "t", List.of(new PartitionView(0, 1, 4, 7, List.of(1), List.of(1))), Map.of());
        ClusterView view = new ClusterView(1, 1, "c", Map.of(1, away), Map.of("t", topic), Map.of(topic.id(), "t"), Map.of(), Map.of(), 0);

        MetadataResponseTopic described = new TopicDescriptions(view).topic("t", 12);

        assertThat(described.partitions()).singleElement().satisfies(partition -> {
            assertThat(Errors.forCode(partition.errorCode())).isEqualTo(Errors.LEADER_NOT_AVAILABLE);
            assertThat(partition.leaderId()).isEqualTo(-1);
            assertThat(partition.offlineReplicas()).containsExactly(1);
        });
        assertThat(new TopicDescriptions(view).nodes()).isEmpty();
    }

    // DescribeTopicPartitions

    private DescribeTopicPartitionsResponseData page(int limit, Cursor cursor, String... names) throws Exception {
        DescribeTopicPartitionsRequestData body = new DescribeTopicPartitionsRequestData().setResponsePartitionLimit(limit).setCursor(cursor)
                .setTopics(List.of(names).stream().map(name -> new TopicRequest().setName(name)).toList());
        return ask(new DescribeTopicPartitionsHandler(admin.metadata), ApiKeys.DESCRIBE_TOPIC_PARTITIONS, 0, body, DescribeTopicPartitionsResponseData.class);
    }

    @Test
    void pagesOfPartitionsFollowEachOtherWithoutGaps() throws Exception {
        admin.topic("a", 3);
        admin.topic("b", 2);
        admin.topic("c", 1);
        StringBuilder seen = new StringBuilder();
        Cursor cursor = null;

        for (int pages = 0; pages == 0 || cursor != null; pages++) {
            DescribeTopicPartitionsResponseData page = page(2, cursor);
            page.topics().forEach(topic -> topic.partitions().forEach(partition -> seen.append(topic.name()).append(partition.partitionIndex()).append(' ')));
            cursor = page.nextCursor() == null ? null : new Cursor().setTopicName(page.nextCursor().topicName()).setPartitionIndex(page.nextCursor().partitionIndex());
            assertThat(pages).isLessThan(10);
        }

        assertThat(seen.toString()).isEqualTo("a0 a1 a2 b0 b1 c0 ");
    }

    @Test
    void unknownTopicsOfADescriptionAreReported() throws Exception {
        assertThat(page(10, null, "nope", "bad name").topics()).extracting(DescribeTopicPartitionsResponseTopic::errorCode)
                .containsExactly(Errors.INVALID_TOPIC_EXCEPTION.code(), Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    // DescribeCluster

    @Test
    void theClusterIsDescribed() throws Exception {
        DescribeClusterResponseData response = ask(new DescribeClusterHandler(1, admin.metadata), ApiKeys.DESCRIBE_CLUSTER, 2,
                new DescribeClusterRequestData().setIncludeClusterAuthorizedOperations(true), DescribeClusterResponseData.class);

        assertThat(response.clusterId()).isEqualTo(admin.view().clusterId());
        assertThat(response.brokers().find(1).host()).isEqualTo("host.test");
        assertThat(response.clusterAuthorizedOperations()).isPositive();
        assertThat(ask(new DescribeClusterHandler(1, admin.metadata), ApiKeys.DESCRIBE_CLUSTER, 2, new DescribeClusterRequestData().setEndpointType((byte) 2),
                DescribeClusterResponseData.class).errorCode()).isEqualTo(Errors.MISMATCHED_ENDPOINT_TYPE.code());
        assertThat(ask(new DescribeClusterHandler(1, admin.metadata), ApiKeys.DESCRIBE_CLUSTER, 2, new DescribeClusterRequestData().setEndpointType((byte) 3),
                DescribeClusterResponseData.class).errorMessage()).isEqualTo("Unsupported endpoint type 3");
    }

    // FindCoordinator

    @Test
    void aBrokerThatMayNotCoordinateIsNotNamed() {
        admin.topic("__consumer_offsets", 5);
        FindCoordinatorRequestData batched = new FindCoordinatorRequestData().setKeyType((byte) 0).setCoordinatorKeys(List.of("g1"));

        assertThat(FindCoordinatorHandler.answer(admin.view(), broker -> broker != 1, batched, 5).coordinators()).singleElement().satisfies(found -> {
            assertThat(Errors.forCode(found.errorCode())).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
            assertThat(found.nodeId()).isEqualTo(-1);
        });
        assertThat(FindCoordinatorHandler.answer(admin.view(), broker -> broker != 2, batched, 5).coordinators().get(0).nodeId()).isEqualTo(1);
    }

    @Test
    void aGroupsCoordinatorIsTheLeaderOfItsPartition() {
        ClusterView none = admin.view();
        admin.topic("__consumer_offsets", 5);
        FindCoordinatorRequestData batched = new FindCoordinatorRequestData().setKeyType((byte) 0).setCoordinatorKeys(List.of("g1", "g2"));

        FindCoordinatorResponseData before = FindCoordinatorHandler.answer(none, ANY, batched, 4);
        FindCoordinatorResponseData after = FindCoordinatorHandler.answer(admin.view(), ANY, batched, 4);
        FindCoordinatorResponseData old = FindCoordinatorHandler.answer(admin.view(), ANY, new FindCoordinatorRequestData().setKey("g1"), 3);
        assertThat(old.errorMessage()).as("what Kafka says to old clients").isEqualTo("NONE");
        assertThat(after.coordinators()).extracting(FindCoordinatorResponseData.Coordinator::errorMessage).containsOnly("");

        assertThat(before.coordinators()).extracting(found -> Errors.forCode(found.errorCode())).containsOnly(Errors.COORDINATOR_NOT_AVAILABLE);
        assertThat(after.coordinators()).hasSize(2).allSatisfy(found -> {
            assertThat(found.errorCode()).isZero();
            assertThat(found.nodeId()).isEqualTo(1);
            assertThat(found.port()).isEqualTo(9092);
        });
        assertThat(old.nodeId()).isEqualTo(1);
        assertThat(old.host()).isEqualTo("host.test");
    }

    @Test
    void aTransactionsCoordinatorIsTheLeaderOfItsPartition() {
        FindCoordinatorRequestData asked = new FindCoordinatorRequestData().setKeyType((byte) 1).setCoordinatorKeys(List.of("t"));
        assertThat(FindCoordinatorHandler.answer(admin.view(), ANY, asked, 5).coordinators().get(0).errorCode()).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE.code());

        admin.topic("__transaction_state", 5);

        assertThat(FindCoordinatorHandler.answer(admin.view(), ANY, asked, 5).coordinators()).singleElement().satisfies(found -> {
            assertThat(found.errorCode()).isZero();
            assertThat(found.nodeId()).isEqualTo(1);
        });
    }

    @Test
    void coordinatorsThatDoNotExistAreNotReportedAsRetriable() {
        FindCoordinatorRequestData share = new FindCoordinatorRequestData().setKeyType((byte) 2).setCoordinatorKeys(List.of("t"));

        Errors error = Errors.forCode(FindCoordinatorHandler.answer(admin.view(), ANY, share, 5).coordinators().get(0).errorCode());

        assertThat(error).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void aTopicBeyondTheClientsQuotaForChangesIsNotThereYet() throws Exception {
        admin.limitMutations(0.1);

        assertThat(error(metadata(true, 12, named("first")).topics().find("first"))).isEqualTo(Errors.NONE);
        assertThat(error(metadata(true, 12, named("second")).topics().find("second"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(admin.view().topic("second")).isEmpty();
        assertThat(admin.autoCreation().createInternal("__consumer_offsets").join()).as("the cluster's own").isEqualTo(Errors.NONE);
        admin.clock.advanceMs(20_000);
        assertThat(error(metadata(true, 12, named("second")).topics().find("second"))).isEqualTo(Errors.NONE);
    }
}
