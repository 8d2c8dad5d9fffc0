package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.TopicConfigRules;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.group.GroupCoordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.partition.TestPartitions;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.apache.kafka.common.message.StreamsGroupDescribeRequestData;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.KeyValue;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Subtopology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.TopicInfo;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Topology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatResponse.Status;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams groups over Kafka's coordinator and real partitions. */
class StreamsGroupHandlersTest {
    private static final BrokerConfig.Group CONFIG = new BrokerConfig.Group(1, 3, 1, Map.of("group.streams.initial.rebalance.delay.ms", "0", "group.streams.assignment.interval.ms", "0"));

    @TempDir
    Path directory;
    private TestPartitions broker;
    private Coordination<GroupCoordinator> coordination;
    private StreamsGroupHandlers handlers;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        coordination = GroupCoordination.of(broker.peers(), 1, () -> GroupSettings.of(CONFIG), NoOpStatePersister::new, broker.metadata, broker.partitions,
                TransactionAdmission.NONE, InstantSource.system());
        coordination.start();
        broker.createTopic("__consumer_offsets", 1, Map.of("cleanup.policy", "compact"));
        broker.createTopic("in", 2, Map.of());
        Commands commands = new Commands(broker.metadata, (delayMs, task) -> () -> {});
        TopicCreation creation = new TopicCreation(broker.metadata, commands, topic -> CompletableFuture.completedFuture(null), (delayMs, task) -> () -> {});
        NewTopics newTopics = new NewTopics(new TopicConfigRules(new TopicConfigs(TestPartitions.BROKER, Map.of())), 1, 1);
        handlers = new StreamsGroupHandlers(broker.metadata, new Groups(coordination), () -> GroupSettings.of(CONFIG),
                new StreamsTopics(broker.metadata, newTopics, creation, InstantSource.system()), new Mutations.Charging(new ClientQuotas(broker.metadata::view, InstantSource.system()), InstantSource.system()));
    }

    @AfterEach
    void close() {
        coordination.close();
        broker.close();
    }

    private static Topology topology(String changelog) {
        return new Topology().setEpoch(0).setSubtopologies(List.of(new Subtopology().setSubtopologyId("0").setSourceTopics(List.of("in"))
                .setStateChangelogTopics(List.of(new TopicInfo().setName(changelog).setPartitions(0)
                .setTopicConfigs(List.of(new KeyValue().setKey("cleanup.policy").setValue("compact")))))));
    }

    private static StreamsGroupHeartbeatRequestData joining(Topology topology) {
        return new StreamsGroupHeartbeatRequestData().setGroupId("app").setMemberId("member-1").setMemberEpoch(0).setRebalanceTimeoutMs(60_000).setTopology(topology)
                .setProcessId("p").setActiveTasks(List.of()).setStandbyTasks(List.of()).setWarmupTasks(List.of()).setClientTags(List.of());
    }

    private StreamsGroupHeartbeatResponseData heartbeat(StreamsGroupHeartbeatRequestData body) {
        try {
            return AdminFixture.ask(handlers.all().get(0).handler(), ApiKeys.STREAMS_GROUP_HEARTBEAT, 0, body, StreamsGroupHeartbeatResponseData.class);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Heartbeats with the epoch the last answer gave until an answer is as wanted. */
    private StreamsGroupHeartbeatResponseData until(StreamsGroupHeartbeatRequestData first, Predicate<StreamsGroupHeartbeatResponseData> wanted) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        StreamsGroupHeartbeatRequestData body = first;
        StreamsGroupHeartbeatResponseData answer = heartbeat(body);
        while (!wanted.test(answer)) {
            assertThat(System.nanoTime()).as("deadline, last answer %s", answer).isLessThan(deadline);
            LockSupport.parkNanos(20_000_000);
            if (answer.errorCode() == Errors.NONE.code()) {
                body = new StreamsGroupHeartbeatRequestData().setGroupId("app").setMemberId("member-1").setMemberEpoch(answer.memberEpoch());
            }
            answer = heartbeat(body);
        }
        return answer;
    }

    private StreamsGroupDescribeResponseData.DescribedGroup describe(String group) throws Exception {
        return AdminFixture.ask(handlers.all().get(1).handler(), ApiKeys.STREAMS_GROUP_DESCRIBE, 0,
                new StreamsGroupDescribeRequestData().setGroupIds(List.of(group)).setIncludeAuthorizedOperations(true), StreamsGroupDescribeResponseData.class).groups().get(0);
    }

    @Test
    void aMemberGetsItsTasksOnceTheInternalTopicsItNeedsWereMadeByItsHeartbeats() throws Exception {
        StreamsGroupHeartbeatResponseData assigned = until(joining(topology("app-store-changelog")), answer -> answer.activeTasks() != null && !answer.activeTasks().isEmpty());

        assertThat(assigned.activeTasks()).singleElement().satisfies(tasks -> assertThat(tasks.partitions()).containsExactlyInAnyOrder(0, 1));
        assertThat(broker.metadata.view().topic("app-store-changelog").orElseThrow().partitions()).hasSize(2);
        assertThat(broker.metadata.view().topic("app-store-changelog").orElseThrow().configs()).containsEntry("cleanup.policy", "compact");
        StreamsGroupDescribeResponseData.DescribedGroup group = describe("app");
        assertThat(group.members()).hasSize(1);
        assertThat(group.topology().subtopologies().get(0).sourceTopics()).containsExactly("in");
        assertThat(group.authorizedOperations()).isEqualTo(AuthorizedOperations.GROUP);
    }

    @Test
    void aGroupThatIsNotThereIsDescribedAsNotFound() throws Exception {
        until(joining(topology("app-store-changelog")), answer -> answer.errorCode() == Errors.NONE.code());
        assertThat(Errors.forCode(describe("nope").errorCode())).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
    }

    @Test
    void topologiesWithInternalOrInvalidTopicsAreRefusedBeforeTheyReachTheCoordinator() {
        StreamsGroupHeartbeatResponseData internal = heartbeat(joining(topology("__consumer_offsets")));
        assertThat(Errors.forCode(internal.errorCode())).isEqualTo(Errors.STREAMS_INVALID_TOPOLOGY);
        assertThat(internal.errorMessage()).isEqualTo("Use of Kafka internal topics __consumer_offsets in a Kafka Streams topology is prohibited.");
        assertThat(heartbeat(joining(topology("bad name"))).errorMessage()).isEqualTo("Topic names bad name are not valid topic names.");
    }

    @Test
    void aTopicThatCannotBeMadeIsToldInTheStatus() {
        Topology topology = topology("app-store-changelog");
        topology.subtopologies().get(0).stateChangelogTopics().get(0).setReplicationFactor((short) 3);
        StreamsGroupHeartbeatResponseData told = until(joining(topology), answer -> answer.status() != null && answer.status().stream()
                .anyMatch(status -> status.statusCode() == Status.MISSING_INTERNAL_TOPICS.code() && status.statusDetail().contains("Creation failed: app-store-changelog (")));
        assertThat(told.errorCode()).isEqualTo(Errors.NONE.code());
    }

    @Test
    void theHeartbeatIntervalIsTheGroupsOwnWhereItHasOne() {
        GroupSettings settings = GroupSettings.of(CONFIG);
        broker.metadata.submit(new AlterConfigs(ConfigScope.GROUP, "app", Map.of("streams.heartbeat.interval.ms", Optional.of("7000")))).join();
        assertThat(settings.streamsHeartbeatIntervalMs(broker.metadata.view().groupConfigs().get("app"))).isEqualTo(7_000);
        assertThat(settings.streamsHeartbeatIntervalMs(Map.of())).isEqualTo(5_000);
    }
}
