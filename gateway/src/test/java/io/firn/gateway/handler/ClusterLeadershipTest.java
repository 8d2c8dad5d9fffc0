package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.rig.ClusterMetadata;
import io.firn.membership.Command;
import io.firn.membership.PartitionView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitionsCollection;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Elections, reassignments and members of a cluster of four, answered as Kafka's controller answers. */
class ClusterLeadershipTest {

    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = AdminFixture.cluster(directory, 4);
        admin.metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), "t", 0, 3, Map.of(0, List.of(1, 2, 3), 1, List.of(2, 3, 1)), Map.of())).join();
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private ApiHandler handler(ApiKeys api) {
        List<ServedApi> all = new ArrayList<>(new LeadershipHandlers(admin.metadata, admin.commands).all());
        all.addAll(new ClusterHandlers(1, admin.metadata, admin.commands, Quorum.of(List.of(3, 2, 1))).all());
        return all.stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private PartitionView partition(int number) {
        return admin.view().partition("t", number).orElseThrow();
    }

    // Elections

    /** Each answered partition as "topic-partition error". */
    private List<String> elect(int type, TopicPartitionsCollection partitions) throws Exception {
        ElectLeadersResponseData answer = ask(handler(ApiKeys.ELECT_LEADERS), ApiKeys.ELECT_LEADERS, 2,
                new ElectLeadersRequestData().setElectionType((byte) type).setTopicPartitions(partitions).setTimeoutMs(30_000), ElectLeadersResponseData.class);
        return answer.replicaElectionResults().stream().flatMap(topic -> topic.partitionResult().stream()
                .map(partition -> topic.topic() + "-" + partition.partitionId() + " " + Errors.forCode(partition.errorCode()))).toList();
    }

    private static TopicPartitionsCollection of(Integer... partitions) {
        TopicPartitionsCollection topics = new TopicPartitionsCollection();
        topics.add(new TopicPartitions().setTopic("t").setPartitions(Arrays.asList(partitions)));
        return topics;
    }

    @Test
    void thePreferredLeaderIsElectedWhereItIsInSyncAndToldWhereItIsNot() throws Exception {
        ClusterMetadata.fence(admin.metadata, 1);
        ClusterMetadata.join(admin.metadata, 1);
        assertThat(partition(0).leader()).isEqualTo(2);
        assertThat(elect(0, of(0, 1, 0, 7))).containsExactly("t-0 PREFERRED_LEADER_NOT_AVAILABLE", "t-1 ELECTION_NOT_NEEDED", "t-0 PREFERRED_LEADER_NOT_AVAILABLE", "t-7 UNKNOWN_TOPIC_OR_PARTITION");

        ClusterMetadata.inSync(admin.metadata, "t", 0, List.of(1, 2, 3));

        assertThat(elect(0, null)).as("of all those that need it").containsExactly("t-0 NONE");
        assertThat(partition(0).leader()).isEqualTo(1);
        assertThat(elect(0, null)).isEmpty();
    }

    @Test
    void anUncleanElectionFindsALeaderThatWasNotInSync() throws Exception {
        ClusterMetadata.inSync(admin.metadata, "t", 0, List.of(1));
        ClusterMetadata.fence(admin.metadata, 1);
        assertThat(partition(0).leader()).isEqualTo(PartitionView.NO_LEADER);

        assertThat(elect(0, of(0))).containsExactly("t-0 PREFERRED_LEADER_NOT_AVAILABLE");
        assertThat(elect(1, of(0, 1))).containsExactly("t-0 NONE", "t-1 ELECTION_NOT_NEEDED");
        assertThat(partition(0).leader()).isEqualTo(2);
    }

    // Reassignments

    private String reassign(int partition, List<Integer> replicas, boolean allowFactorChange) throws Exception {
        AlterPartitionReassignmentsRequestData body = new AlterPartitionReassignmentsRequestData().setTimeoutMs(30_000).setAllowReplicationFactorChange(allowFactorChange)
                .setTopics(List.of(new ReassignableTopic().setName("t").setPartitions(List.of(new ReassignablePartition().setPartitionIndex(partition).setReplicas(replicas)))));
        AlterPartitionReassignmentsResponseData answer = ask(handler(ApiKeys.ALTER_PARTITION_REASSIGNMENTS), ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1, body,
                AlterPartitionReassignmentsResponseData.class);
        var only = answer.responses().get(0).partitions().get(0);
        return Errors.forCode(only.errorCode()) + (only.errorMessage() == null ? "" : ": " + only.errorMessage());
    }

    /** Each reassignment under way as "topic-partition replicas +adding -removing". */
    private List<String> underWay(List<ListPartitionReassignmentsTopics> asked) throws Exception {
        ListPartitionReassignmentsResponseData answer = ask(handler(ApiKeys.LIST_PARTITION_REASSIGNMENTS), ApiKeys.LIST_PARTITION_REASSIGNMENTS, 0,
                new ListPartitionReassignmentsRequestData().setTopics(asked).setTimeoutMs(1), ListPartitionReassignmentsResponseData.class);
        return answer.topics().stream().flatMap(topic -> topic.partitions().stream().map(partition -> topic.name() + "-" + partition.partitionIndex() + " " + partition.replicas()
                + " +" + partition.addingReplicas() + " -" + partition.removingReplicas())).toList();
    }

    @Test
    void aReassignmentIsListedUntilTheNewcomersAreInSync() throws Exception {
        assertThat(reassign(0, List.of(4, 2, 3), false)).isEqualTo("NONE");

        assertThat(underWay(null)).containsExactly("t-0 [4, 2, 3, 1] +[4] -[1]");
        assertThat(underWay(List.of(new ListPartitionReassignmentsTopics().setName("t").setPartitionIndexes(List.of(1, 5)), new ListPartitionReassignmentsTopics().setName("nope")))).isEmpty();
        assertThat(underWay(List.of(new ListPartitionReassignmentsTopics().setName("t").setPartitionIndexes(List.of(0))))).hasSize(1);

        ClusterMetadata.inSync(admin.metadata, "t", 0, List.of(1, 2, 3, 4));
        assertThat(underWay(null)).isEmpty();
        assertThat(partition(0).replicas()).containsExactly(4, 2, 3);
    }

    @Test
    void aReassignmentIsCancelledAndThenThereIsNoneToCancel() throws Exception {
        reassign(0, List.of(4, 2, 3), false);

        assertThat(reassign(0, null, false)).isEqualTo("NONE");
        assertThat(partition(0).replicas()).containsExactlyInAnyOrder(1, 2, 3);
        assertThat(reassign(0, null, false)).isEqualTo("NO_REASSIGNMENT_IN_PROGRESS");
    }

    @Test
    void theNumberOfReplicasChangesOnlyWhenThatIsAllowed() throws Exception {
        assertThat(reassign(0, List.of(1, 2), false)).isEqualTo("INVALID_REPLICATION_FACTOR: The replication factor is changed from 3 to 2");
        assertThat(partition(0).replicas()).containsExactly(1, 2, 3);

        assertThat(reassign(0, List.of(1, 2), true)).isEqualTo("NONE");
        assertThat(partition(0).replicas()).containsExactly(1, 2);
    }

    @Test
    void whatIsWrongWithATargetIsToldInKafkasWords() throws Exception {
        assertThat(reassign(0, List.of(9, 1, 2), false)).isEqualTo("INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 9, but no such broker is registered.");
        assertThat(reassign(0, List.of(1, 2, 1), false)).isEqualTo("INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes the broker 1 more than once.");
        assertThat(reassign(9, List.of(1, 2, 3), false)).isEqualTo("UNKNOWN_TOPIC_OR_PARTITION: Unable to find partition t:9.");
    }

    @Test
    void oneRequestIsAboutSoManyPartitionsAtMost() throws Exception {
        List<ReassignablePartition> many = IntStream.rangeClosed(0, NewTopics.MAX_PARTITIONS_PER_REQUEST).mapToObj(partition -> new ReassignablePartition().setPartitionIndex(partition).setReplicas(List.of(1))).toList();
        AlterPartitionReassignmentsResponseData answer = ask(handler(ApiKeys.ALTER_PARTITION_REASSIGNMENTS), ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1,
                new AlterPartitionReassignmentsRequestData().setTopics(List.of(new ReassignableTopic().setName("t").setPartitions(many))), AlterPartitionReassignmentsResponseData.class);
        assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.POLICY_VIOLATION);

        ElectLeadersResponseData elected = ask(handler(ApiKeys.ELECT_LEADERS), ApiKeys.ELECT_LEADERS, 2,
                new ElectLeadersRequestData().setTopicPartitions(of(IntStream.rangeClosed(0, NewTopics.MAX_PARTITIONS_PER_REQUEST).boxed().toArray(Integer[]::new))), ElectLeadersResponseData.class);
        assertThat(Errors.forCode(elected.errorCode())).isEqualTo(Errors.POLICY_VIOLATION);
    }

    // Members

    private String unregister(int broker) throws Exception {
        return Errors.forCode(ask(handler(ApiKeys.UNREGISTER_BROKER), ApiKeys.UNREGISTER_BROKER, 0, new UnregisterBrokerRequestData().setBrokerId(broker), UnregisterBrokerResponseData.class).errorCode()).name();
    }

    @Test
    void aBrokerIsForgottenWhenItIsDownAndHoldsNothing() throws Exception {
        assertThat(unregister(4)).as("alive").isEqualTo("INVALID_REQUEST");
        ClusterMetadata.fence(admin.metadata, 4);
        ClusterMetadata.fence(admin.metadata, 3);
        assertThat(unregister(3)).as("holds replicas").isEqualTo("INVALID_REQUEST");
        assertThat(unregister(4)).isEqualTo("NONE");
        assertThat(admin.view().brokers()).containsOnlyKeys(1, 2, 3);
        assertThat(unregister(4)).isEqualTo("BROKER_ID_NOT_REGISTERED");
    }

    private DescribeQuorumResponseData quorum() throws Exception {
        DescribeQuorumRequestData body = new DescribeQuorumRequestData().setTopics(List.of(new DescribeQuorumRequestData.TopicData().setTopicName("__cluster_metadata")
                .setPartitions(List.of(new DescribeQuorumRequestData.PartitionData().setPartitionIndex(0)))));
        return ask(handler(ApiKeys.DESCRIBE_QUORUM), ApiKeys.DESCRIBE_QUORUM, 2, body, DescribeQuorumResponseData.class);
    }

    /** Only broker 1 is there: what others say is for {@code ClusterToolsIT} to see. */
    @Test
    void theQuorumIsTheVotersAndOnlyOfTheControllerIsKnownWhatNobodySaid() throws Exception {
        DescribeQuorumResponseData answer = quorum();
        DescribeQuorumResponseData.PartitionData quorum = answer.topics().get(0).partitions().get(0);

        assertThat(quorum.leaderId()).isEqualTo(1);
        assertThat(quorum.highWatermark()).isEqualTo(admin.view().version());
        assertThat(quorum.currentVoters()).extracting(DescribeQuorumResponseData.ReplicaState::replicaId).containsExactly(1, 2, 3);
        assertThat(quorum.currentVoters()).extracting(DescribeQuorumResponseData.ReplicaState::replicaDirectoryId).containsExactly(new Uuid(7, 1), new Uuid(7, 2), new Uuid(7, 3));
        assertThat(quorum.currentVoters().get(0).logEndOffset()).isEqualTo(admin.view().version());
        assertThat(quorum.currentVoters().get(1).logEndOffset()).as("it has not asked").isEqualTo(-1);
        assertThat(quorum.observers()).as("nor has any other").isEmpty();
        assertThat(answer.nodes()).extracting(DescribeQuorumResponseData.Node::nodeId).containsExactly(1, 2, 3);
    }

    @Test
    void whoCannotAskTheControllerSaysThatItDoesNotLead() throws Exception {
        admin.metadata.close();
        DescribeQuorumResponseData.PartitionData quorum = quorum().topics().get(0).partitions().get(0);
        assertThat(Errors.forCode(quorum.errorCode())).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    // Placement

    @Test
    void automaticPlacementCountsBrokersThatAreDownButNotThoseBeingDrained() {
        NewTopics newTopics = new NewTopics(admin.rules, 1, 3);
        ClusterMetadata.fence(admin.metadata, 4);
        assertThat(newTopics.check(admin.view(), NewTopics.named("a").setReplicationFactor((short) 4)).replicationFactor()).isEqualTo(4);
        assertThat(newTopics.check(admin.view(), NewTopics.named("a")).replicationFactor()).as("by default").isEqualTo(3);
        assertThat(refusal(newTopics, 5)).startsWith("Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached because only 4 broker(s) are registered");

        admin.metadata.submit(new Command.DrainBroker(4, 0)).join();
        assertThat(refusal(newTopics, 4)).contains("because only 3 broker(s) are registered or some brokers have all their log directories cordoned.");
        List.of(1, 2, 3).forEach(id -> ClusterMetadata.fence(admin.metadata, id));
        assertThat(refusal(newTopics, 1)).isEqualTo("Unable to replicate the partition 1 time(s): All brokers are currently fenced.");
    }

    private String refusal(NewTopics newTopics, int factor) {
        return Optional.ofNullable(catchThrowable(() -> newTopics.check(admin.view(), NewTopics.named("a").setReplicationFactor((short) factor))))
                .map(Throwable::getMessage).orElse("none");
    }

    @Test
    void coordinatorsTopicsGetTheirReplicasOrFewerInASmallClusterButNeverFewerThanItsVoters() {
        assertThat(new ReplicationFactors(1, 3, 2, 0).offsets(admin.view())).isEqualTo(3);
        assertThat(new ReplicationFactors(1, 3, 2, 0).transactions(admin.view())).isEqualTo(2);
        assertThat(new ReplicationFactors(1, 5, 5, 0).offsets(admin.view())).isEqualTo(4);
        assertThat(new ReplicationFactors(1, 5, 5, 7).offsets(admin.view())).as("voters that never registered count").isEqualTo(5);
    }
}
