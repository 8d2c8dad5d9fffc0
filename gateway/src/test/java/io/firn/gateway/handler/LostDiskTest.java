package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.RecordBuffers;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker whose disk was replaced by an empty one, while metadata and bucket are still there: the partition's history must not be taken for empty. */
class LostDiskTest {
    @TempDir
    Path directory;
    private StorageRig rig;
    private Partition partition;

    @BeforeEach
    void loseTheDisk() {
        StorageRig old = new StorageRig(directory, 1, Durability.FSYNC);
        old.startStores();
        Await.get(old.startPartitions());
        old.createTopic("logs", 1, Map.of("remote.storage.enable", "true", "local.retention.ms", "1"));
        Partition before = old.partition("logs", 0);
        assertThat(append(before)).isInstanceOf(AppendResult.Appended.class);
        old.settleCold(before);
        old.close();

        rig = new StorageRig(directory, 1, Durability.FSYNC);
        rig.objects = old.objects.reopened();
        rig.start();
        partition = rig.partition("logs", 0);
        Await.until("the bucket was looked at", () -> onLoop(partition, () -> partition.log().offlineReason().isPresent()));
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private static AppendResult append(Partition partition) {
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(Requests.records(1, "a", "b").buffer()), AppendOrigin.CLIENT, result::complete));
        return Await.get(result);
    }

    @Test
    void appendsAreRefused() {
        assertThat(append(partition)).isInstanceOf(AppendResult.Rejected.class);
    }

    /** A consumer that is told so begins anew, at the log's start or its end. */
    @Test
    void anOffsetAboveTheEmptyLogsEndIsNotOutOfRangeWhetherThereIsRoomForRecordsOrNot() {
        TopicView other = rig.createTopic("other", 1);
        Partition readable = rig.partition("other", 0);
        append(readable);
        Await.until("committed", () -> onLoop(readable, () -> readable.highWatermark() == 2));
        try (WireClient client = rig.client()) {
            for (boolean room : new boolean[] {true, false}) {
                FetchRequestData body = Requests.fetch(0, 1);
                body.setMaxBytes(room ? body.maxBytes() : 0);
                Requests.want(body, other, 0, 0);
                Requests.want(body, rig.metadata.view().topic("logs").orElseThrow(), 0, 2);
                List<FetchResponseData.PartitionData> answers = Requests.partitions(client.ask(ApiKeys.FETCH, Requests.FETCH, body, FetchResponseData.class));
                assertThat(Requests.values(answers.get(0))).containsExactly("a", "b");
                assertThat(Requests.error(answers.get(1))).as("room for more: %s", room).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            }
        }
    }

    @Test
    void offsetsAreNotAnsweredFromTheEmptyLog() throws Exception {
        for (long timestamp : new long[] {-1, -2, 0}) {
            ListOffsetsRequestData body = new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(
                    new ListOffsetsTopic().setName("logs").setPartitions(List.of(new ListOffsetsPartition().setTimestamp(timestamp)))));
            ListOffsetsResponseData answer = ask(new ListOffsetsHandler(rig.partitions, (delayMs, task) -> () -> {}), ApiKeys.LIST_OFFSETS, 11, body, ListOffsetsResponseData.class);
            assertThat(Errors.forCode(answer.topics().get(0).partitions().get(0).errorCode())).as("timestamp %s", timestamp).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        }
    }

    @Test
    void endsOfEpochsAreNotAnsweredFromTheEmptyLog() throws Exception {
        OffsetForLeaderEpochRequestData body = new OffsetForLeaderEpochRequestData();
        body.topics().add(new OffsetForLeaderTopic().setTopic("logs")
                .setPartitions(List.of(new OffsetForLeaderPartition().setPartition(0).setLeaderEpoch(0))));
        OffsetForLeaderEpochResponseData answer = ask(new OffsetForLeaderEpochHandler(rig.partitions), ApiKeys.OFFSET_FOR_LEADER_EPOCH, 4, body, OffsetForLeaderEpochResponseData.class);
        assertThat(Errors.forCode(answer.topics().find("logs").partitions().get(0).errorCode())).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
    }
}
