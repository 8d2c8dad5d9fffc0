package io.firn.gateway.partition;

import static io.firn.gateway.rig.StorageRig.id;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.StorageRig;
import io.firn.hot.Durability;
import io.firn.hot.HotLogConfig;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics come, go and change faster than their logs open and close. */
class PartitionKeeperTest {

    @TempDir
    Path directory;

    private StorageRig rig;

    @AfterEach
    void stop() {
        rig.close();
    }

    /** Tells the metadata only; does not wait for the partitions. */
    private TopicView announce(String name, int count) {
        return rig.metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), name, count, 1, Map.of(), Map.of())).join().topic(name).orElseThrow();
    }

    private int segmentBytes(Partition partition) {
        return onLoop(partition, () -> partition.log().hot().config().segmentBytes());
    }

    @Test
    void topicThatIsCreatedIsServedAndOneThatIsDeletedIsGoneFromTheDisk() {
        rig = StorageRig.started(directory, 2);
        TopicView topic = rig.createTopic("logs", 4);
        assertThat(rig.partitions.all()).hasSize(4);
        assertThat(rig.hot.onDisk()).hasSize(4);
        rig.deleteTopic(topic);
        Await.until("nothing is left", () -> rig.hot.onDisk().isEmpty() && rig.partitions.all().isEmpty());
        assertThat(rig.partitions.locate(id(topic, 0)).error()).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
        Await.until("every file is closed", () -> rig.disk.openFiles() == 0);
    }

    @Test
    void whatIsCreatedWhileTheKeeperBeginsWithAnOlderViewIsServedToo() {
        rig = new StorageRig(directory, 1, Durability.OS);
        rig.beforeKeeperStarts = () -> announce("logs", 2);
        rig.start();
        Await.until("both are in service", () -> rig.partitions.all().size() == 2);
    }

    @Test
    void nameThatIsCreatedDeletedAndCreatedAgainAtOnceIsServedByTheLastTopicOnly() {
        rig = StorageRig.started(directory, 2);
        TopicView last = null;
        for (int i = 0; i < 10; i++) {
            if (last != null) {
                rig.deleteTopic(last);
            }
            last = announce("logs", 3);
        }
        Await.get(rig.keeper.whenInService(last));
        TopicView topic = last;
        assertThat(rig.partitions.all()).extracting(partition -> partition.id().topicId()).containsOnly(topic.id()).hasSize(3);
        Await.until("only the last topic's logs are left", () -> rig.hot.onDisk().stream().allMatch(log -> log.topicId().equals(topic.id())));
    }

    @Test
    void topicThatIsDeletedWhileItOpensLeavesNothingBehind() {
        rig = StorageRig.started(directory, 1);
        rig.disk.hold(Op.CREATE);
        TopicView topic = announce("logs", 2);
        Await.until("a log is being created", () -> rig.disk.waiting() > 0);
        assertThat(rig.partitions.locate(id(topic, 0)).error()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        rig.deleteTopic(topic);
        rig.disk.release(Op.CREATE);
        TopicView next = rig.createTopic("logs", 1);
        Await.until("only the second topic's log is there", () -> rig.hot.onDisk().equals(java.util.Set.of(id(next, 0))));
        assertThat(rig.partitions.all()).hasSize(1);
    }

    @Test
    void listenersSeeEachPartitionComeAndGo() {
        rig = StorageRig.started(directory, 2);
        List<String> seen = new CopyOnWriteArrayList<>();
        rig.partitions.onAdded(partition -> {
            throw new IllegalStateException("thrown on purpose by a test");
        });
        rig.partitions.onAdded(partition -> seen.add("added " + partition.id().topic()));
        rig.partitions.onRemoved(partition -> seen.add("removed " + partition.id().topic()));
        rig.deleteTopic(rig.createTopic("logs", 1));
        Await.until("both are seen", () -> seen.size() == 2);
        assertThat(seen).containsExactly("added logs", "removed logs");
    }

    @Test
    void logThatNoTopicClaimsIsDeletedAtStart() {
        rig = new StorageRig(directory, 1, Durability.FSYNC);
        rig.startStores();
        TopicIdPartition stray = new TopicIdPartition(Uuid.randomUuid(), 3, "forgotten");
        Await.get(rig.hot.openOrCreate(stray, HotLogConfig.DEFAULT, rig.loops.first()));
        assertThat(rig.hot.onDisk()).containsExactly(stray);
        Await.get(rig.startPartitions());
        Await.until("the stray log is gone", () -> rig.hot.onDisk().isEmpty());
    }

    @Test
    void changedConfigReachesLogsInServiceFromTheTopicAndFromTheDefaults() {
        rig = StorageRig.started(directory, 1);
        rig.createTopic("logs", 1);
        Partition partition = rig.partition("logs", 0);
        rig.metadata.submit(new Command.AlterConfigs(Command.ConfigScope.BROKER, "", Map.of("log.segment.bytes", java.util.Optional.of("3000000")))).join();
        Await.until("the default is in force", () -> segmentBytes(partition) == 3_000_000);
        rig.configure("logs", "segment.bytes", "2000000");
        Await.until("the topic's own value is in force", () -> segmentBytes(partition) == 2_000_000);
    }

    @Test
    void configThatChangesWhileTheLogOpensIsNotLostAndTheLastValueCounts() {
        rig = StorageRig.started(directory, 1);
        rig.disk.hold(Op.CREATE);
        TopicView topic = announce("logs", 1);
        Await.until("the log is being created", () -> rig.disk.waiting() > 0);
        for (int bytes = 2_000_000; bytes <= 5_000_000; bytes += 1_000_000) {
            rig.configure("logs", "segment.bytes", Integer.toString(bytes));
        }
        rig.disk.release(Op.CREATE);
        Await.get(rig.keeper.whenInService(topic));
        assertThat(segmentBytes(rig.partition("logs", 0))).isEqualTo(5_000_000);
    }

    @Test
    void stopWaitsForADeletionUnderWay() {
        rig = StorageRig.started(directory, 1);
        rig.disk.hold(Op.CREATE);
        TopicView topic = announce("logs", 1);
        Await.until("the log is being created", () -> rig.disk.waiting() > 0);
        rig.deleteTopic(topic);
        CompletableFuture<Void> stopped = rig.keeper.stop();
        assertThat(stopped).isNotDone();
        rig.disk.release(Op.CREATE);
        Await.get(stopped);
        assertThat(rig.hot.onDisk()).isEmpty();
    }

    @Test
    void topicsAndTheirRecordsAreServedAgainAfterARestart() {
        rig = StorageRig.started(directory, 2);
        TopicView topic = rig.createTopic("logs", 3);
        rig.restart();
        assertThat(rig.partitions.all()).extracting(Partition::id).containsExactlyInAnyOrder(id(topic, 0), id(topic, 1), id(topic, 2));
    }
}
