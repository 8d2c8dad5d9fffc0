package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.Timer;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The handlers that look into logs, over real partitions on a real disk. The topic t has records at offsets 0 to 5 with timestamps 100, 300, 200, 400, 600, 500. */
class DataHandlersTest {
    @TempDir
    static Path directory;
    private static TestPartitions broker;
    private static Partition partition;

    private final Timer timer = (delayMs, task) -> () -> {};

    @BeforeAll
    static void open() {
        broker = new TestPartitions(directory);
        broker.createTopic("t", 1, Map.of());
        broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        broker.createTopic("empty", 1, Map.of("remote.storage.enable", "false"));
        partition = broker.partition("t", 0);
        broker.partition("compacted", 0);
        broker.partition("empty", 0);
        broker.append(partition, record(100), record(300), record(200));
        broker.append(partition, record(400), record(600), record(500));
    }

    @AfterAll
    static void close() {
        broker.close();
    }

    private static SimpleRecord record(long timestampMs) {
        return new SimpleRecord(timestampMs, "key".getBytes(), "value".getBytes());
    }

    // ListOffsets

    private ListOffsetsPartitionResponse list(String topic, int version, ListOffsetsPartition asked) throws Exception {
        ListOffsetsRequestData body = new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(new ListOffsetsTopic().setName(topic).setPartitions(List.of(asked))));
        return ask(new ListOffsetsHandler(broker.partitions, timer), ApiKeys.LIST_OFFSETS, version, body, ListOffsetsResponseData.class).topics().get(0).partitions().get(0);
    }

    private ListOffsetsPartitionResponse list(String topic, long timestamp) throws Exception {
        return list(topic, 11, new ListOffsetsPartition().setTimestamp(timestamp));
    }

    @Test
    void offsetsAreFoundByPlace() throws Exception {
        assertThat(list("t", -1)).satisfies(latest -> {
            assertThat(latest.offset()).isEqualTo(6);
            assertThat(latest.leaderEpoch()).isEqualTo(partition.leaderEpoch());
        });
        assertThat(list("t", -4).offset()).isZero();
        assertThat(list("empty", -1).offset()).isZero();
        assertThat(list("empty", -2).offset()).isZero();
    }

    @Test
    void nothingTieredIsReportedAsUnknown() throws Exception {
        assertThat(list("t", -5).offset()).isEqualTo(-1);
        assertThat(list("empty", -5).offset()).isEqualTo(-1);
        assertThat(list("empty", -6).offset()).isEqualTo(-1);
    }

    @Test
    void offsetsAreFoundByTime() throws Exception {
        assertThat(list("t", 150)).satisfies(found -> {
            assertThat(found.offset()).isEqualTo(1);
            assertThat(found.timestamp()).isEqualTo(300);
        });
        assertThat(list("t", 450).offset()).isEqualTo(4);
        assertThat(list("t", 601)).satisfies(none -> {
            assertThat(none.offset()).isEqualTo(-1);
            assertThat(none.timestamp()).isEqualTo(-1);
            assertThat(none.errorCode()).isZero();
        });
        assertThat(list("t", -3)).satisfies(max -> {
            assertThat(max.offset()).isEqualTo(4);
            assertThat(max.timestamp()).isEqualTo(600);
        });
        assertThat(list("empty", -3).offset()).isEqualTo(-1);
    }

    @Test
    void everyVersionIsAnswered() throws Exception {
        for (short version = ApiKeys.LIST_OFFSETS.oldestVersion(); version <= ApiKeys.LIST_OFFSETS.latestVersion(false); version++) {
            assertThat(list("t", version, new ListOffsetsPartition().setTimestamp(-1)).offset()).as("version %s", version).isEqualTo(6);
        }
    }

    @Test
    void whatCannotBeLookedUpIsAnsweredWithKafkasError() throws Exception {
        int epoch = partition.leaderEpoch();
        assertThat(error(list("nope", -1))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(list("t", 11, new ListOffsetsPartition().setPartitionIndex(7).setTimestamp(-1)))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(error(list("t", 6, new ListOffsetsPartition().setTimestamp(-3)))).isEqualTo(Errors.UNSUPPORTED_VERSION);
        assertThat(error(list("t", -99))).isEqualTo(Errors.UNSUPPORTED_VERSION);
        assertThat(error(list("t", 11, new ListOffsetsPartition().setTimestamp(-1).setCurrentLeaderEpoch(epoch + 1)))).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
        assertThat(error(list("t", 11, new ListOffsetsPartition().setTimestamp(-1).setCurrentLeaderEpoch(epoch)))).isEqualTo(Errors.NONE);
        ListOffsetsRequestData twice = new ListOffsetsRequestData().setReplicaId(-1).setTopics(List.of(new ListOffsetsTopic().setName("t")
                .setPartitions(List.of(new ListOffsetsPartition().setTimestamp(-1), new ListOffsetsPartition().setTimestamp(-2)))));
        assertThat(ask(new ListOffsetsHandler(broker.partitions, timer), ApiKeys.LIST_OFFSETS, 11, twice, ListOffsetsResponseData.class).topics().get(0).partitions())
                .allSatisfy(answer -> assertThat(error(answer)).isEqualTo(Errors.INVALID_REQUEST));
    }

    private static Errors error(ListOffsetsPartitionResponse response) {
        return Errors.forCode(response.errorCode());
    }

    @Test
    void aSearchThatTakesTooLongIsGivenUp() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        partition.loop().execute(() -> awaitUninterrupted(release));
        Timer atOnce = (delayMs, task) -> {
            task.run();
            return () -> {};
        };
        ListOffsetsRequestData body = new ListOffsetsRequestData().setReplicaId(-1)
                .setTopics(List.of(new ListOffsetsTopic().setName("t").setPartitions(List.of(new ListOffsetsPartition().setTimestamp(-1)))));

        ListOffsetsResponseData response = ask(new ListOffsetsHandler(broker.partitions, atOnce), ApiKeys.LIST_OFFSETS, 11, body, ListOffsetsResponseData.class);
        release.countDown();

        assertThat(error(response.topics().get(0).partitions().get(0))).isEqualTo(Errors.REQUEST_TIMED_OUT);
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // OffsetForLeaderEpoch

    private EpochEndOffset epochEnd(String topic, int currentEpoch, int epoch) throws Exception {
        OffsetForLeaderEpochRequestData body = new OffsetForLeaderEpochRequestData().setReplicaId(-1);
        body.topics().add(new OffsetForLeaderTopic().setTopic(topic).setPartitions(List.of(new OffsetForLeaderPartition().setPartition(0)
                .setCurrentLeaderEpoch(currentEpoch).setLeaderEpoch(epoch))));
        return ask(new OffsetForLeaderEpochHandler(broker.partitions), ApiKeys.OFFSET_FOR_LEADER_EPOCH, 4, body, OffsetForLeaderEpochResponseData.class)
                .topics().iterator().next().partitions().get(0);
    }

    @Test
    void thePresentEpochEndsAtTheLogEnd() throws Exception {
        int epoch = partition.leaderEpoch();

        assertThat(epochEnd("t", -1, epoch)).satisfies(end -> {
            assertThat(end.errorCode()).isZero();
            assertThat(end.leaderEpoch()).isEqualTo(epoch);
            assertThat(end.endOffset()).isEqualTo(6);
        });
        assertThat(epochEnd("t", -1, epoch + 5).endOffset()).isEqualTo(-1);
        assertThat(Errors.forCode(epochEnd("t", epoch + 1, epoch).errorCode())).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
        assertThat(Errors.forCode(epochEnd("nope", -1, 0).errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }

    @Test
    void anOlderLeaderIsFenced() {
        assertThat(LeaderEpochs.check(3, 4)).isEqualTo(Errors.FENCED_LEADER_EPOCH);
        assertThat(LeaderEpochs.check(5, 4)).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
        assertThat(LeaderEpochs.check(-1, 4)).isEqualTo(Errors.NONE);
        assertThat(LeaderEpochs.check(-2, 4)).isEqualTo(Errors.FENCED_LEADER_EPOCH);
    }

    // DeleteRecords

    private DeleteRecordsPartitionResult delete(String topic, long offset) throws Exception {
        DeleteRecordsRequestData body = new DeleteRecordsRequestData().setTimeoutMs(10_000)
                .setTopics(List.of(new DeleteRecordsTopic().setName(topic).setPartitions(List.of(new DeleteRecordsPartition().setPartitionIndex(0).setOffset(offset)))));
        return ask(new DeleteRecordsHandler(broker.partitions, timer), ApiKeys.DELETE_RECORDS, 2, body, DeleteRecordsResponseData.class).topics().find(topic).partitions().find(0);
    }

    @Test
    void recordsAreDeletedUpToAnOffsetOrTheHighWatermark() throws Exception {
        broker.createTopic("shrinking", 1, Map.of());
        broker.append(broker.partition("shrinking", 0), record(1), record(2), record(3));

        assertThat(delete("shrinking", 2).lowWatermark()).isEqualTo(2);
        assertThat(list("shrinking", -2).offset()).isEqualTo(2);
        assertThat(delete("shrinking", -1).lowWatermark()).isEqualTo(3);
        assertThat(Errors.forCode(delete("shrinking", 4).errorCode())).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
        assertThat(Errors.forCode(delete("shrinking", -2).errorCode())).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    }

    @Test
    void recordsThatMustStayAreNotDeleted() throws Exception {
        assertThat(Errors.forCode(delete("compacted", 0).errorCode())).isEqualTo(Errors.POLICY_VIOLATION);
        assertThat(Errors.forCode(delete("nope", 0).errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> DeleteRecordsHandler.check("__consumer_offsets", true, 0, 10))
                .isInstanceOf(org.apache.kafka.common.errors.InvalidTopicException.class);
    }

    // DescribeLogDirs

    @Test
    void theLogDirectoryIsDescribedWithSizesAndRoom() throws Exception {
        DescribeLogDirsHandler handler = new DescribeLogDirsHandler(directory, broker.hot, broker.partitions);

        DescribeLogDirsResponseData all = ask(handler, ApiKeys.DESCRIBE_LOG_DIRS, 4, new DescribeLogDirsRequestData().setTopics(null), DescribeLogDirsResponseData.class);

        assertThat(all.results()).singleElement().satisfies(result -> {
            assertThat(result.logDir()).isEqualTo(directory.toAbsolutePath().normalize().toString());
            assertThat(result.totalBytes()).isPositive();
            assertThat(result.usableBytes()).isPositive();
            assertThat(result.topics()).anySatisfy(topic -> {
                assertThat(topic.name()).isEqualTo("t");
                assertThat(topic.partitions().get(0).partitionSize()).isPositive();
            });
        });
        DescribeLogDirsRequestData one = new DescribeLogDirsRequestData();
        one.topics().add(new DescribeLogDirsRequestData.DescribableLogDirTopic().setTopic("empty").setPartitions(List.of(0)));
        assertThat(ask(handler, ApiKeys.DESCRIBE_LOG_DIRS, 4, one, DescribeLogDirsResponseData.class).results().get(0).topics()).singleElement()
                .satisfies(topic -> assertThat(topic.name()).isEqualTo("empty"));
    }

    @Test
    void aFailureOnALoopReachesTheCaller() {
        CompletableFuture<Object> failing = Gather.onLoop(partition, unused -> {
            throw new IllegalStateException("on the loop");
        });

        assertThat(failing).failsWithin(30, TimeUnit.SECONDS);
    }
}
