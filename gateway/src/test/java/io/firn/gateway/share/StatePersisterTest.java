package io.firn.gateway.share;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.rig.Await;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.DeleteShareGroupStateParameters;
import org.apache.kafka.server.share.persister.GroupTopicPartitionData;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateParameters;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateResult;
import org.apache.kafka.server.share.persister.PartitionAllData;
import org.apache.kafka.server.share.persister.PartitionErrorData;
import org.apache.kafka.server.share.persister.PartitionFactory;
import org.apache.kafka.server.share.persister.PartitionStateSummaryData;
import org.apache.kafka.server.share.persister.PersisterStateBatch;
import org.apache.kafka.server.share.persister.ReadShareGroupStateParameters;
import org.apache.kafka.server.share.persister.ReadShareGroupStateSummaryParameters;
import org.apache.kafka.server.share.persister.TopicData;
import org.apache.kafka.server.share.persister.WriteShareGroupStateParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's share coordinator over real partitions on a real disk. */
class StatePersisterTest {
    private static final int PARTITIONS = 3;

    @TempDir
    Path directory;
    private final Map<String, String> settings = new HashMap<>();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private TestPartitions broker;
    private Coordination<ShareCoordinator> coordination;
    private StatePersister persister;
    private Uuid topicId = Uuid.ZERO_UUID;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        if (broker.metadata.view().topic("t").isEmpty()) {
            broker.createTopic("t", 5, Map.of());
        }
        topicId = broker.metadata.view().topic("t").orElseThrow().id();
        coordination = ShareCoordination.of(TestPartitions.BROKER, PARTITIONS, () -> ShareSettings.of(settings), broker.metadata, broker.partitions, InstantSource.system());
        coordination.start();
        StateTopic topic = new StateTopic(broker.metadata, any -> CompletableFuture.completedFuture(null), PARTITIONS, view -> 1);
        persister = new StatePersister(coordination, topic, broker.peers(), Timer.on(scheduler));
    }

    @AfterEach
    void end() {
        close();
        scheduler.shutdownNow();
    }

    private void close() {
        coordination.close();
        broker.close();
    }

    private InitializeShareGroupStateResult initialize(int partitions, int stateEpoch, long start) {
        return Await.get(persister.initializeState(new InitializeShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g", List.of(new TopicData<>(topicId,
                IntStream.range(0, partitions).mapToObj(partition -> PartitionFactory.newPartitionStateData(partition, stateEpoch, start)).toList())))).build()));
    }

    private Errors write(int stateEpoch, int leaderEpoch, long start, PersisterStateBatch... batches) {
        PartitionErrorData result = Await.get(persister.writeState(new WriteShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g",
                List.of(new TopicData<>(topicId, List.of(PartitionFactory.newPartitionStateBatchData(0, stateEpoch, start, 0, leaderEpoch, List.of(batches))))))).build()))
                .topicsData().get(0).partitions().get(0);
        return Errors.forCode(result.errorCode());
    }

    private PartitionAllData read(int leaderEpoch) {
        return Await.get(persister.readState(new ReadShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g",
                List.of(new TopicData<>(topicId, List.of(PartitionFactory.newPartitionIdLeaderEpochData(0, leaderEpoch)))))).build())).topicsData().get(0).partitions().get(0);
    }

    private static PersisterStateBatch batch(long first, long last, DeliveryState state, int count) {
        return new PersisterStateBatch(first, last, state.id(), (short) count);
    }

    @Test
    void theFirstQuestionMakesTheTopicAndAllPartitionsOfATopicComeInOneAnswer() {
        InitializeShareGroupStateResult result = initialize(5, 0, -1);

        assertThat(result.topicsData()).singleElement().satisfies(topic -> assertThat(topic.partitions()).hasSize(5).allMatch(partition -> partition.errorCode() == 0));
        assertThat(broker.metadata.view().topic(Topic.SHARE_GROUP_STATE_TOPIC_NAME).orElseThrow().partitions()).hasSize(PARTITIONS);
        assertThat(read(0).startOffset()).isEqualTo(-1);
    }

    @Test
    void whatIsWrittenIsMergedAndReadAfterARestart() {
        initialize(1, 0, -1);
        assertThat(write(0, 0, 10, batch(10, 14, DeliveryState.ACKNOWLEDGED, 1), batch(15, 19, DeliveryState.AVAILABLE, 1))).isEqualTo(Errors.NONE);
        assertThat(write(0, 0, 10, batch(15, 17, DeliveryState.ACKNOWLEDGED, 2))).isEqualTo(Errors.NONE);

        close();
        open();

        PartitionAllData state = read(0);
        assertThat(Errors.forCode(state.errorCode())).isEqualTo(Errors.NONE);
        assertThat(state.startOffset()).isEqualTo(10);
        InFlightRecords records = InFlightRecords.of(10, state.stateBatches().stream()
                .map(kept -> new StateRange(kept.firstOffset(), kept.lastOffset() + 1, DeliveryState.of(kept.deliveryState()), kept.deliveryCount())).toList());
        assertThat(records.start()).isEqualTo(18);
        assertThat(records.spans()).singleElement().satisfies(span -> assertThat(span.count()).isEqualTo(1));
        PartitionStateSummaryData summary = Await.get(persister.readSummary(new ReadShareGroupStateSummaryParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g",
                List.of(new TopicData<>(topicId, List.of(PartitionFactory.newPartitionIdLeaderEpochData(0, 0)))))).build())).topicsData().get(0).partitions().get(0);
        assertThat(summary.startOffset()).isEqualTo(10);
    }

    @Test
    void anOldLeaderAndAnOldStateAreFenced() {
        initialize(1, 1, -1);
        assertThat(Errors.forCode(read(3).errorCode())).isEqualTo(Errors.NONE);
        assertThat(write(1, 2, 0, batch(0, 4, DeliveryState.ACKNOWLEDGED, 1))).isEqualTo(Errors.FENCED_LEADER_EPOCH);
        assertThat(write(0, 3, 0, batch(0, 4, DeliveryState.ACKNOWLEDGED, 1))).isEqualTo(Errors.FENCED_STATE_EPOCH);
        assertThat(write(1, 3, 0, batch(0, 4, DeliveryState.ACKNOWLEDGED, 1))).isEqualTo(Errors.NONE);
    }

    @Test
    void deletedStateIsGone() {
        initialize(1, 0, 5);
        Await.get(persister.deleteState(new DeleteShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g",
                List.of(new TopicData<>(topicId, List.of(PartitionFactory.newPartitionIdData(0)))))).build()));
        assertThat(Errors.forCode(read(0).errorCode())).isNotEqualTo(Errors.NONE);
    }

    /** Snapshots make older records superfluous; without their deletion the log would grow for ever. */
    @Test
    void whatSnapshotsHaveReplacedIsDeletedFromTheLog() {
        close();
        settings.putAll(Map.of("share.coordinator.snapshot.update.records.per.snapshot", "5", "share.coordinator.state.topic.prune.interval.ms", "50"));
        open();
        initialize(1, 0, 0);
        int state = Math.abs(("g:" + topicId + ":0").hashCode()) % PARTITIONS;
        List<Long> starts = new ArrayList<>();
        Await.until("the log begins later", () -> {
            assertThat(write(0, 0, starts.size(), batch(starts.size(), starts.size() + 1, DeliveryState.ACKNOWLEDGED, 1))).isEqualTo(Errors.NONE);
            starts.add(0L);
            Partition log = broker.partitions.find(Topic.SHARE_GROUP_STATE_TOPIC_NAME, state).orElseThrow();
            return CompletableFuture.supplyAsync(() -> log.log().logStartOffset(), log.loop()).join() > 10;
        });

        close();
        open();
        assertThat(read(0).startOffset()).isEqualTo(starts.size() - 1);
    }
}
