package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.produce;
import static io.firn.gateway.rig.Requests.records;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.ClusterRig;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.WireClient;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What admin and consumers are told of offsets and files where a partition has followers. */
class ReplicatedOffsetsTest {

    private static final Map<String, String> HOT_ONLY = Map.of("remote.storage.enable", "false");
    private static final Timer NEVER = (delayMs, task) -> () -> {};

    private final ClusterRig rig = ClusterRig.started(2, node -> List.of(
            ServedApi.of(ApiKeys.LIST_OFFSETS, new ListOffsetsHandler(node.partitions, NEVER)),
            ServedApi.of(ApiKeys.DELETE_RECORDS, new DeleteRecordsHandler(node.partitions, NEVER)),
            ServedApi.of(ApiKeys.DESCRIBE_LOG_DIRS, new DescribeLogDirsHandler(Path.of("/data"), node.hot, node.partitions))));

    @AfterEach
    void stop() {
        rig.close();
    }

    private TopicView topic() {
        return rig.createTopic("logs", Map.of(0, List.of(1, 2)), HOT_ONLY);
    }

    private void produce3(TopicView topic, int acks) {
        try (WireClient client = rig.node(1).client()) {
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, produce(acks, topic, 0, records(1000, "one", "two", "three")), ProduceResponseData.class))).isEqualTo(Errors.NONE);
        }
    }

    private ListOffsetsPartitionResponse listOffset(int broker, int version, long timestamp) {
        ListOffsetsRequestData body = new ListOffsetsRequestData().setReplicaId(ListOffsetsRequest.CONSUMER_REPLICA_ID)
                .setTopics(List.of(new ListOffsetsTopic().setName("logs").setPartitions(List.of(new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(timestamp)))));
        try (WireClient client = rig.node(broker).client()) {
            return client.ask(ApiKeys.LIST_OFFSETS, version, body, ListOffsetsResponseData.class).topics().get(0).partitions().get(0);
        }
    }

    /** KIP-207. */
    @Test
    void aNewLeaderDoesNotTellAnEndBelowWhatAnEarlierOneMayHaveShown() {
        TopicView topic = topic();
        rig.node(2).disk.hold(Op.FORCE);
        produce3(topic, 1);
        Partition follower = rig.followed(2, topic, 0);
        Await.until("it has the records, and does not vouch for them", () -> onLoop(follower, () -> follower.log().hot().logEndOffset()) == 3 && rig.node(2).disk.waiting() > 0);
        rig.node(1).isolate();
        rig.node(1).fence();
        rig.led("logs", 0);
        assertThat(listOffset(2, 9, ListOffsetsRequest.LATEST_TIMESTAMP).errorCode()).isEqualTo(Errors.OFFSET_NOT_AVAILABLE.code());
        assertThat(listOffset(2, 4, ListOffsetsRequest.LATEST_TIMESTAMP).errorCode()).isEqualTo(Errors.LEADER_NOT_AVAILABLE.code());
        assertThat(listOffset(2, 9, 500).errorCode()).isEqualTo(Errors.OFFSET_NOT_AVAILABLE.code());
        assertThat(listOffset(2, 9, ListOffsetsRequest.EARLIEST_TIMESTAMP).offset()).isZero();
        rig.node(2).disk.release(Op.FORCE);
        Await.until("told when it is committed", () -> listOffset(2, 9, ListOffsetsRequest.LATEST_TIMESTAMP).offset() == 3);
        assertThat(listOffset(2, 9, 500).offset()).isZero();
    }

    @Test
    void aLeaderWhoseLeaseIsOverDoesNotTellItsEndAsAnotherMayHaveMore() {
        TopicView topic = topic();
        produce3(topic, -1);
        Await.until("committed", () -> listOffset(1, 9, ListOffsetsRequest.LATEST_TIMESTAMP).offset() == 3);
        rig.node(1).loseAuthority();
        assertThat(listOffset(1, 9, ListOffsetsRequest.LATEST_TIMESTAMP).errorCode()).isEqualTo(Errors.OFFSET_NOT_AVAILABLE.code());
        assertThat(listOffset(1, 9, 5_000).errorCode()).as("no record here is so young").isEqualTo(Errors.OFFSET_NOT_AVAILABLE.code());
        assertThat(listOffset(1, 9, 500).offset()).as("by time, of what is committed").isZero();
        rig.node(1).heal();
        assertThat(listOffset(1, 9, ListOffsetsRequest.LATEST_TIMESTAMP).offset()).isEqualTo(3);
    }

    @Test
    void aLeaderWhoseLeaseIsOverDoesNotCallWhatAnotherMayHaveOutOfRange() {
        TopicView topic = topic();
        produce3(topic, -1);
        Await.until("committed", () -> listOffset(1, 9, ListOffsetsRequest.LATEST_TIMESTAMP).offset() == 3);
        assertThat(fetched(topic, 4)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
        rig.node(1).loseAuthority();
        assertThat(fetched(topic, 4)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(fetched(topic, -2)).as("below the start, which only grows").isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
        assertThat(fetched(topic, 1)).as("what is committed is read").isEqualTo(Errors.NONE);
    }

    private Errors fetched(TopicView topic, long offset) {
        try (WireClient client = rig.node(1).client()) {
            return error(only(client.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, offset), FetchResponseData.class)));
        }
    }

    @Test
    void deletedRecordsAreConfirmedWhenEveryLiveReplicaHasDeletedThem() {
        TopicView topic = topic();
        produce3(topic, -1);
        Partition follower = rig.followed(2, topic, 0);
        rig.node(2).silent(true);
        DeleteRecordsRequestData body = new DeleteRecordsRequestData().setTimeoutMs(60_000)
                .setTopics(List.of(new DeleteRecordsTopic().setName("logs").setPartitions(List.of(new DeleteRecordsPartition().setPartitionIndex(0).setOffset(2)))));
        try (WireClient client = rig.node(1).client()) {
            int sent = client.send(ApiKeys.DELETE_RECORDS, 2, body);
            Await.until("gone at the leader", () -> onLoop(rig.led("logs", 0), () -> rig.led("logs", 0).log().logStartOffset()) == 2);
            assertThat(client.hasAnswer()).isFalse();
            rig.node(2).silent(false);
            DeleteRecordsResponseData answer = client.receive(sent, DeleteRecordsResponseData.class);
            assertThat(answer.topics().find("logs").partitions().find(0).lowWatermark()).isEqualTo(2);
        }
        assertThat(onLoop(follower, () -> follower.log().logStartOffset())).isEqualTo(2);
    }

    @Test
    void logDirsTellOfFollowersToo() {
        TopicView topic = topic();
        produce3(topic, -1);
        try (WireClient client = rig.node(2).client()) {
            DescribeLogDirsResponseData answer = client.ask(ApiKeys.DESCRIBE_LOG_DIRS, 4, new DescribeLogDirsRequestData().setTopics(null), DescribeLogDirsResponseData.class);
            assertThat(answer.results().get(0).topics()).singleElement().satisfies(found -> assertThat(found.partitions().get(0).partitionSize()).isPositive());
        }
    }
}
