package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.ElectLeadersRequestData;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitions;
import org.apache.kafka.common.message.ElectLeadersRequestData.TopicPartitionsCollection;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData.PartitionResult;
import org.apache.kafka.common.message.ElectLeadersResponseData.ReplicaElectionResult;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers as a single Kafka 4.3.1 broker gave them. */
class LeadershipHandlersTest {
    private static final short UNKNOWN = Errors.UNKNOWN_TOPIC_OR_PARTITION.code();

    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
        admin.topic("t", 2);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private ApiHandler handler(ApiKeys api) {
        return new LeadershipHandlers(admin.metadata, admin.commands).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private ElectLeadersResponseData elect(int version, int type, TopicPartitionsCollection topics) throws Exception {
        ElectLeadersRequestData body = new ElectLeadersRequestData().setTopicPartitions(topics);
        return ask(handler(ApiKeys.ELECT_LEADERS), ApiKeys.ELECT_LEADERS, version, version == 0 ? body : body.setElectionType((byte) type), ElectLeadersResponseData.class);
    }

    private static PartitionResult result(int partition, Errors error, String message) {
        return new PartitionResult().setPartitionId(partition).setErrorCode(error.code()).setErrorMessage(message);
    }

    @Test
    void anElectionOfAllNamesEveryTopicAndNoPartition() throws Exception {
        for (int version = 0; version <= 2; version++) {
            assertThat(elect(version, 0, null)).isEqualTo(new ElectLeadersResponseData().setReplicaElectionResults(List.of(new ReplicaElectionResult().setTopic("t"))));
        }
    }

    @Test
    void anElectionIsNotNeededWhereThereIsAPartitionAndUnknownWhereThereIsNone() throws Exception {
        TopicPartitionsCollection topics = new TopicPartitionsCollection();
        topics.add(new TopicPartitions().setTopic("t").setPartitions(List.of(0, 2, -1)));
        topics.add(new TopicPartitions().setTopic("nope").setPartitions(List.of(0)));
        for (int type = 0; type <= 1; type++) {
            ElectLeadersResponseData answer = elect(2, type, topics);
            assertThat(answer.replicaElectionResults()).containsExactly(
                    new ReplicaElectionResult().setTopic("t").setPartitionResult(List.of(result(0, Errors.ELECTION_NOT_NEEDED, "Leader election not needed for topic partition."),
                            result(2, Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as t-2"), result(-1, Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such partition as t--1"))),
                    new ReplicaElectionResult().setTopic("nope").setPartitionResult(List.of(result(0, Errors.UNKNOWN_TOPIC_OR_PARTITION, "No such topic as nope"))));
        }
    }

    @Test
    void anUnknownKindOfElectionIsAnInvalidRequest() throws Exception {
        assertThat(elect(2, 5, null).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(elect(2, 5, new TopicPartitionsCollection()).errorCode()).as("of nothing").isZero();
    }

    private ReassignablePartitionResponse reassign(String topic, int partition, List<Integer> replicas) throws Exception {
        AlterPartitionReassignmentsRequestData body = new AlterPartitionReassignmentsRequestData().setTopics(List.of(new ReassignableTopic().setName(topic).setPartitions(
                List.of(new ReassignablePartition().setPartitionIndex(partition).setReplicas(replicas)))));
        AlterPartitionReassignmentsResponseData answer = ask(handler(ApiKeys.ALTER_PARTITION_REASSIGNMENTS), ApiKeys.ALTER_PARTITION_REASSIGNMENTS, 1,
                body.setAllowReplicationFactorChange(false), AlterPartitionReassignmentsResponseData.class);
        assertThat(answer.errorMessage()).isNull();
        assertThat(answer.allowReplicationFactorChange()).isFalse();
        assertThat(answer.responses()).singleElement().satisfies(only -> assertThat(only.name()).isEqualTo(topic));
        return answer.responses().get(0).partitions().get(0);
    }

    private static ReassignablePartitionResponse refused(int partition, short error, String message) {
        return new ReassignablePartitionResponse().setPartitionIndex(partition).setErrorCode(error).setErrorMessage(message);
    }

    @Test
    void aReassignmentToWhereThePartitionIsSucceeds() throws Exception {
        assertThat(reassign("t", 1, List.of(1))).isEqualTo(refused(1, Errors.NONE.code(), null));
    }

    @Test
    void anyOtherReassignmentIsRefusedWithWhatIsWrong() throws Exception {
        short assignment = Errors.INVALID_REPLICA_ASSIGNMENT.code();
        assertThat(reassign("t", 0, List.of())).isEqualTo(refused(0, assignment, "The manual partition assignment includes an empty replica list."));
        assertThat(reassign("t", 0, List.of(1, 2))).isEqualTo(refused(0, assignment, "The manual partition assignment includes broker 2, but no such broker is registered."));
        assertThat(reassign("t", 0, List.of(1, 1))).isEqualTo(refused(0, assignment, "The manual partition assignment includes the broker 1 more than once."));
        assertThat(reassign("t", 9, List.of(1))).isEqualTo(refused(9, UNKNOWN, "Unable to find partition t:9."));
        assertThat(reassign("nope", 0, List.of(1))).isEqualTo(refused(0, UNKNOWN, "Unable to find a topic named nope."));
        assertThat(reassign("nope", 0, null)).isEqualTo(refused(0, UNKNOWN, "Unable to find a topic named nope."));
    }

    @Test
    void thereIsNoReassignmentToCancelOrToList() throws Exception {
        assertThat(reassign("t", 0, null)).isEqualTo(refused(0, Errors.NO_REASSIGNMENT_IN_PROGRESS.code(), null));
        assertThat(ask(handler(ApiKeys.LIST_PARTITION_REASSIGNMENTS), ApiKeys.LIST_PARTITION_REASSIGNMENTS, 0, new ListPartitionReassignmentsRequestData().setTopics(null),
                ListPartitionReassignmentsResponseData.class)).isEqualTo(new ListPartitionReassignmentsResponseData().setErrorMessage(null));
    }
}
