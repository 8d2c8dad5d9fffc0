package io.firn.gateway.group;

import static io.firn.gateway.rig.Await.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.coordinator.Caller;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.TestPartitions;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's coordinator over real partitions on a real disk. */
class GroupsTest {
    private static final String OFFSETS = "__consumer_offsets";

    @TempDir
    Path directory;
    private TestPartitions broker;
    private Coordination<GroupCoordinator> coordination;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        coordination = GroupCoordination.of(broker.peers(), 3, GroupsTest::settings, NoOpStatePersister::new, broker.metadata, broker.partitions, TransactionAdmission.NONE,
                InstantSource.system());
        coordination.start();
    }

    @AfterEach
    void close() {
        coordination.close();
        broker.close();
    }

    private void reopen() {
        close();
        open();
    }

    private static GroupSettings settings() {
        return GroupSettings.of(new BrokerConfig.Group(3, 3, 1, Map.of("group.initial.rebalance.delay.ms", "0", "group.consumer.assignment.interval.ms", "0")));
    }

    private static Caller caller(ApiKeys api, int version) {
        return new Caller("test", InetAddress.getLoopbackAddress(), api.id, version, 1);
    }

    /** The coordinator, once no partition is loading any more. */
    private GroupCoordinator groups() throws Exception {
        if (broker.metadata.view().topic(OFFSETS).isEmpty()) {
            broker.createTopic(OFFSETS, 3, Map.of("cleanup.policy", "compact"));
        }
        GroupCoordinator serving = until(coordination::serving, Optional::isPresent).orElseThrow();
        until(() -> await(serving.listGroups(caller(ApiKeys.LIST_GROUPS, 5), new ListGroupsRequestData())).errorCode(), error -> error == 0);
        until(() -> broker.partitions.all().stream().filter(partition -> partition.id().topic().equals(OFFSETS)).count(), count -> count == 3);
        return serving;
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    // Offsets

    private static boolean retriable(short error) {
        return Errors.forCode(error) == Errors.COORDINATOR_LOAD_IN_PROGRESS || Errors.forCode(error) == Errors.NOT_COORDINATOR;
    }

    private short commit(GroupCoordinator groups, String group, TopicView topic, long offset) {
        OffsetCommitRequestData body = new OffsetCommitRequestData().setGroupId(group).setTopics(List.of(new OffsetCommitRequestTopic().setName(topic.name())
                .setTopicId(topic.id()).setPartitions(List.of(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(offset)))));
        return until(() -> await(groups.commitOffsets(caller(ApiKeys.OFFSET_COMMIT, 9), body, BufferSupplier.NO_CACHING)).topics().get(0).partitions().get(0).errorCode(),
                error -> !retriable(error));
    }

    private long fetch(GroupCoordinator groups, String group, TopicView topic) {
        OffsetFetchRequestGroup body = new OffsetFetchRequestGroup().setGroupId(group)
                .setTopics(List.of(new OffsetFetchRequestTopics().setName(topic.name()).setTopicId(topic.id()).setPartitionIndexes(List.of(0))));
        OffsetFetchResponseGroup answer = until(() -> await(groups.fetchOffsets(caller(ApiKeys.OFFSET_FETCH, 9), body, true)), fetched -> !retriable(fetched.errorCode()));
        assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.NONE);
        return answer.topics().get(0).partitions().get(0).committedOffset();
    }

    private TopicView topic() {
        broker.createTopic("t", 1, Map.of());
        return broker.metadata.view().topic("t").orElseThrow();
    }

    @Test
    void committedOffsetsAreFetchedAndSurviveARestart() throws Exception {
        TopicView topic = topic();
        assertThat(commit(groups(), "g", topic, 42)).isZero();
        assertThat(commit(groups(), "g", topic, 43)).isZero();
        assertThat(fetch(groups(), "g", topic)).isEqualTo(43);
        assertThat(fetch(groups(), "other", topic)).isEqualTo(-1);

        reopen();

        assertThat(fetch(groups(), "g", topic)).isEqualTo(43);
        assertThat(commit(groups(), "g", topic, 44)).isZero();
        assertThat(fetch(groups(), "g", topic)).isEqualTo(44);
    }

    @Test
    void manyCommitsOfManyGroupsSurviveARestart() throws Exception {
        TopicView topic = topic();
        GroupCoordinator groups = groups();
        commit(groups, "g0", topic, 0);
        CompletableFuture<?>[] commits = new CompletableFuture<?>[2_000];
        for (int i = 0; i < commits.length; i++) {
            commits[i] = groups.commitOffsets(caller(ApiKeys.OFFSET_COMMIT, 9), new OffsetCommitRequestData().setGroupId("g" + i % 20).setTopics(List.of(
                    new OffsetCommitRequestTopic().setName(topic.name()).setTopicId(topic.id())
                            .setPartitions(List.of(new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(i))))), BufferSupplier.NO_CACHING);
        }
        await(CompletableFuture.allOf(commits));

        reopen();

        for (int group = 0; group < 20; group++) {
            assertThat(fetch(groups(), "g" + group, topic)).isEqualTo(1_980 + group);
        }
    }

    @Test
    void offsetsOfADeletedTopicAreForgotten() throws Exception {
        TopicView topic = topic();
        commit(groups(), "g", topic, 42);

        broker.metadata.submit(new Command.DeleteTopic(topic.id())).join();

        until(() -> fetch(uncheckedGroups(), "g", topic), offset -> offset == -1);
    }

    private GroupCoordinator uncheckedGroups() {
        return coordination.serving().orElseThrow();
    }

    // Classic protocol

    private JoinGroupResponseData join(GroupCoordinator groups, String member) {
        JoinGroupRequestProtocolCollection protocols = new JoinGroupRequestProtocolCollection();
        protocols.add(new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[] {1}));
        JoinGroupRequestData body = new JoinGroupRequestData().setGroupId("classic").setMemberId(member).setSessionTimeoutMs(10_000).setRebalanceTimeoutMs(10_000)
                .setProtocolType("consumer").setProtocols(protocols);
        return until(() -> await(groups.joinGroup(caller(ApiKeys.JOIN_GROUP, 9), body, BufferSupplier.NO_CACHING)), joined -> !retriable(joined.errorCode()));
    }

    @Test
    void aClassicMemberJoinsSyncsAndIsStillThereAfterARestart() throws Exception {
        GroupCoordinator groups = groups();
        JoinGroupResponseData first = join(groups, "");
        assertThat(Errors.forCode(first.errorCode())).isEqualTo(Errors.MEMBER_ID_REQUIRED);
        JoinGroupResponseData joined = join(groups, first.memberId());
        assertThat(Errors.forCode(joined.errorCode())).isEqualTo(Errors.NONE);
        SyncGroupRequestData sync = new SyncGroupRequestData().setGroupId("classic").setMemberId(joined.memberId()).setGenerationId(joined.generationId())
                .setProtocolType("consumer").setProtocolName("range")
                .setAssignments(List.of(new SyncGroupRequestAssignment().setMemberId(joined.memberId()).setAssignment(new byte[] {7, 8})));
        assertThat(await(groups.syncGroup(caller(ApiKeys.SYNC_GROUP, 5), sync, BufferSupplier.NO_CACHING)).assignment()).containsExactly(7, 8);

        reopen();

        HeartbeatRequestData heartbeat = new HeartbeatRequestData().setGroupId("classic").setMemberId(joined.memberId()).setGenerationId(joined.generationId());
        GroupCoordinator again = groups();
        assertThat(until(() -> await(again.heartbeat(caller(ApiKeys.HEARTBEAT, 4), heartbeat)).errorCode(), error -> !retriable(error))).isZero();
    }

    // KIP-848

    @Test
    void aConsumerGroupMemberIsAssignedThePartitionsOfItsTopicAndNewOnesLater() throws Exception {
        broker.createTopic("t", 2, Map.of());
        GroupCoordinator groups = groups();
        ConsumerGroupHeartbeatRequestData joining = new ConsumerGroupHeartbeatRequestData().setGroupId("modern").setMemberId("m1").setMemberEpoch(0)
                .setSubscribedTopicNames(List.of("t")).setRebalanceTimeoutMs(10_000).setTopicPartitions(List.of());

        ConsumerGroupHeartbeatResponseData joined = until(() -> await(groups.consumerGroupHeartbeat(caller(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1), joining)),
                answer -> !retriable(answer.errorCode()));
        assertThat(Errors.forCode(joined.errorCode())).isEqualTo(Errors.NONE);
        ConsumerGroupHeartbeatResponseData assigned = joined.assignment() != null ? joined : heartbeatUntilAssigned(groups, joined.memberEpoch());
        assertThat(assigned.assignment().topicPartitions()).singleElement().satisfies(topic -> assertThat(topic.partitions()).hasSizeBetween(1, 2));

        broker.metadata.submit(new Command.AddPartitions("t", 4, List.of())).join();
        until(() -> heartbeatUntilAssigned(groups, assigned.memberEpoch()).assignment().topicPartitions().get(0).partitions().size(), size -> size == 4);
    }

    private ConsumerGroupHeartbeatResponseData heartbeatUntilAssigned(GroupCoordinator groups, int epoch) {
        int[] current = {epoch};
        return until(() -> {
            ConsumerGroupHeartbeatRequestData beat = new ConsumerGroupHeartbeatRequestData().setGroupId("modern").setMemberId("m1").setMemberEpoch(current[0])
                    .setSubscribedTopicNames(List.of("t")).setRebalanceTimeoutMs(10_000).setTopicPartitions(List.of());
            ConsumerGroupHeartbeatResponseData answer = await(groups.consumerGroupHeartbeat(caller(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1), beat));
            current[0] = Math.max(current[0], answer.memberEpoch());
            return answer;
        }, answer -> answer.assignment() != null && !answer.assignment().topicPartitions().isEmpty());
    }

    // What may go wrong

    @Test
    void whatWasWrittenBehindTheCoordinatorsBackCostsOneReload() throws Exception {
        TopicView topic = topic();
        commit(groups(), "g", topic, 1);
        int number = uncheckedGroups().partitionFor("g");
        broker.append(broker.partition(OFFSETS, number), new SimpleRecord(new byte[] {0, 99}, new byte[] {0, 1}));

        assertThat(commit(groups(), "g", topic, 2)).isZero();

        assertThat(fetch(groups(), "g", topic)).isEqualTo(2);
    }

    @Test
    void groupsOfALogThatIsOfflineAreNotTakenForGone() throws Exception {
        TopicView topic = topic();
        commit(groups(), "g", topic, 5);
        int number = uncheckedGroups().partitionFor("g");
        coordination.close();
        broker.close();
        damage(number);

        open();

        GroupCoordinator damaged = until(coordination::serving, Optional::isPresent).orElseThrow();
        OffsetFetchRequestGroup body = new OffsetFetchRequestGroup().setGroupId("g")
                .setTopics(List.of(new OffsetFetchRequestTopics().setName("t").setTopicId(topic.id()).setPartitionIndexes(List.of(0))));
        until(() -> broker.partitions.find(OFFSETS, number), Optional::isPresent);
        Errors error = until(() -> damaged.fetchOffsets(caller(ApiKeys.OFFSET_FETCH, 9), body, false)
                .handle((answer, failure) -> failure == null ? Errors.forCode(answer.errorCode()) : Errors.forException(failure)).join(),
                answer -> answer != Errors.COORDINATOR_LOAD_IN_PROGRESS);
        assertThat(error).isEqualTo(Errors.NOT_COORDINATOR);
    }

    /** Flips a byte of committed data in the partition's log, and takes the mark of a clean shutdown away. */
    private void damage(int number) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("hot"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (file.getParent().getFileName().toString().startsWith(OFFSETS + "-" + number) && file.toString().endsWith(".log")) {
                    byte[] bytes = Files.readAllBytes(file);
                    bytes[bytes.length / 2] ^= 1;
                    Files.write(file, bytes);
                } else if (file.getFileName().toString().contains("clean")) {
                    Files.delete(file);
                }
            }
        }
    }
}
