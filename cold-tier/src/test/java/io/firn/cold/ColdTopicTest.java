package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** What the bucket says of a topic as a whole. */
class ColdTopicTest {

    private static final Uuid ID = PARTITION.topicId();
    private static final String NAME = PARTITION.topic();

    private final ColdFixture cold = new ColdFixture();
    private final ColdLogReader reader = ColdLogReader.open(new ColdReaderConfig("firn", Optional.empty(), CHUNK, 16 * CHUNK, 4, 0, 1_000, 3), cold.objects.reopened(), cold.sim, new SimpleMeterRegistry(),
            cold.sim.threads());

    private boolean describe(ColdStore by, int partitions, String retention, long version) {
        return cold.await(by.describeTopic(ID, NAME, partitions, Map.of("retention.ms", retention), version));
    }

    private Optional<ColdTopicDescription> said() {
        return cold.await(reader.description(new ColdTopic(NAME, ID, List.of())));
    }

    private List<String> topicObjects() {
        return cold.objects.keys().stream().filter(key -> key.endsWith(".topic")).toList();
    }

    @Test
    void whatTheNewestMetadataSaidIsRead() {
        cold.await(cold.store.check());
        assertThat(said()).isEmpty();
        assertThat(describe(cold.store, 3, "1000", 7)).isTrue();
        assertThat(said()).contains(new ColdTopicDescription(ID, NAME, 3, Map.of("retention.ms", "1000"), "cluster-a", 7));
        assertThat(describe(cold.store, 4, "-1", 9)).isTrue();
        assertThat(said()).contains(new ColdTopicDescription(ID, NAME, 4, Map.of("retention.ms", "-1"), "cluster-a", 9));
        assertThat(topicObjects()).singleElement().asString().isEqualTo("firn/topics/" + NAME + "-" + ID + "/topic/00000000000000000002.topic");
    }

    @Test
    void sayingTheSameAgainCostsTwoRequestsAndChangesNothing() {
        describe(cold.store, 3, "1000", 7);
        int before = cold.objects.requests();
        assertThat(describe(cold.store, 3, "1000", 8)).isFalse();
        assertThat(cold.objects.requests() - before).isEqualTo(2);
        assertThat(said().orElseThrow().metadataVersion()).isEqualTo(7);
    }

    @Test
    void aDamagedDescriptionIsWrittenAnew() {
        describe(cold.store, 3, "1000", 7);
        cold.objects.flipBit(topicObjects().get(0), 70);
        assertThat(cold.failure(reader.description(new ColdTopic(NAME, ID, List.of())))).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(describe(cold.store, 3, "1000", 7)).isTrue();
        assertThat(said().orElseThrow().configs()).containsEntry("retention.ms", "1000");
        assertThat(topicObjects()).hasSize(1);
    }

    @Test
    void aTopicOfWhichTheConfigsAreNotKnownIsToldWithSuchThatNothingOfItIsDeleted() {
        cold.await(cold.log(6).append(SegmentFixture.random(new Random(1), 0, 6, 1_000)));
        ColdTopicHistory undescribed = cold.await(cold.store.history(NAME));
        assertThat(undescribed.description()).isEmpty();
        assertThat(undescribed.configs()).containsOnly(Map.entry("cleanup.policy", "delete"), Map.entry("retention.ms", "-1"), Map.entry("retention.bytes", "-1"));
        describe(cold.store, 4, "1000", 3);
        assertThat(cold.await(cold.store.history(NAME)).configs()).containsOnly(Map.entry("retention.ms", "1000"));
        cold.objects.flipBit(topicObjects().get(0), 70);
        assertThat(cold.await(cold.store.history(NAME))).isEqualTo(undescribed);
    }

    @Test
    void aDeposedLeaderDoesNotBringOldConfigsBack() {
        ColdStore deposed = cold.another(3);
        describe(deposed, 3, "1000", 7);
        describe(cold.store, 3, "2000", 9);
        assertThat(describe(deposed, 3, "1500", 8)).isFalse();
        assertThat(said().orElseThrow().configs()).containsEntry("retention.ms", "2000");
    }

    @Test
    void aStalledCreateOfANumberThatIsGoneSaysNothing() {
        describe(cold.store, 3, "1", 1);
        ColdStore stalled = cold.another(3);
        cold.await(stalled.check());
        SimFault held = cold.objects.inject(SimFault.holdingRequests().on(Operation.PUT_IF_ABSENT).forKeys(key -> key.endsWith("2.topic")));
        CompletableFuture<Boolean> late = stalled.describeTopic(ID, NAME, 3, Map.of("retention.ms", "late"), 2);
        cold.sim.settle();
        assertThat(held.heldCount()).isOne();
        cold.objects.clearFaults(); // releases
        assertThat(cold.await(late)).isTrue();
        describe(cold.store, 3, "3", 3);
        describe(cold.store, 3, "4", 4);
        assertThat(said().orElseThrow().configs()).containsEntry("retention.ms", "4");
        assertThat(topicObjects()).hasSize(1);
    }

    @Test
    void writersAtTheSameTimeEndWithTheNewestMetadataWhateverTheOrder() {
        Seeds.each(100, random -> {
            ColdFixture here = new ColdFixture();
            List<CompletableFuture<Boolean>> writes = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                ColdStore store = here.another(i);
                here.await(store.check());
                long version = 1 + random.nextInt(5);
                writes.add(store.describeTopic(ID, NAME, 1, Map.of("version", Long.toString(version)), version));
                for (int steps = random.nextInt(6); steps > 0; steps--) {
                    here.sim.step();
                }
            }
            writes.forEach(here::await);
            ColdLogReader reading = ColdLogReader.open(new ColdReaderConfig("firn", Optional.empty(), CHUNK, 16 * CHUNK, 4, 0, 1_000, 3), here.objects, here.sim, new SimpleMeterRegistry(), here.sim.threads());
            ColdTopicDescription said = here.await(reading.description(new ColdTopic(NAME, ID, List.of()))).orElseThrow();
            assertThat(said.configs()).containsEntry("version", Long.toString(said.metadataVersion()));
            // Whoever was told that there is something newer, or was written, has been: nobody can know more than the newest says.
            for (int i = 0; i < 5; i++) {
                assertThat(here.await(here.another(10 + i).describeTopic(ID, NAME, 1, Map.of("version", "old"), said.metadataVersion()))).isFalse();
            }
        });
    }

    @Test
    void anUncertainWriteIsRepeated() {
        cold.await(cold.store.check());
        cold.objects.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
        assertThat(cold.failure(cold.store.describeTopic(ID, NAME, 3, Map.of(), 1))).isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(cold.await(cold.store.describeTopic(ID, NAME, 3, Map.of(), 1))).as("it was there already").isFalse();
        assertThat(said()).isPresent();
    }

    @Test
    void itGoesWithTheLastPartitionWhicheverThatIs() {
        TopicIdPartition zero = new TopicIdPartition(ID, 0, NAME);
        for (TopicIdPartition partition : List.of(zero, PARTITION)) {
            cold.await(cold.await(cold.store.openLog(partition, 1)).append(SegmentFixture.random(new Random(1), 0, 1, 1_000)));
        }
        describe(cold.store, 4, "1", 1);
        cold.await(cold.store.deleteLog(zero, 1));
        assertThat(topicObjects()).as("it says whose the other objects are").hasSize(1);
        cold.await(cold.store.forgetTopic(ID, NAME));
        assertThat(topicObjects()).hasSize(1);
        cold.await(cold.store.deleteLog(PARTITION, 1));
        assertThat(topicObjects()).isEmpty();
        assertThat(cold.objects.keys()).containsExactly("firn/cluster");
        cold.await(cold.store.deleteLog(zero, 1));
    }

    @Test
    void allThatIsKnownOfATopicIsToldForItsRecovery() {
        ColdLog log = cold.log(6);
        cold.await(log.append(SegmentFixture.random(new Random(1), 0, 6, 1_000).open(8, 5).open(9, 4)));
        cold.await(log.deleteBefore(3));
        ColdLog emptied = cold.await(cold.store.openLog(new TopicIdPartition(ID, 0, NAME), 2));
        cold.await(emptied.append(new SegmentFixture(0, 2).batch(new Random(1), Compression.NONE, 4, 10)));
        cold.await(emptied.deleteBefore(4));
        describe(cold.store, 7, "-1", 3);
        ColdTopicHistory history = cold.await(cold.store.history(NAME));
        assertThat(history.topic().id()).isEqualTo(ID);
        assertThat(history.partitionCount()).isEqualTo(7);
        assertThat(history.nextLeaderEpoch()).isEqualTo(7);
        assertThat(history.description().orElseThrow().configs()).containsEntry("retention.ms", "-1");
        assertThat(history.partitions()).containsExactly(new ColdTopicHistory.Partition(0, 4, 4, -1, 2, OptionalLong.empty()),
                new ColdTopicHistory.Partition(3, 3, log.endOffset(), cold.segments(log).get(0).maxTimestampMs(), 6, OptionalLong.of(4)));
        assertThat(cold.failure(cold.store.history("lakes"))).isInstanceOf(ColdStoreException.Missing.class);
    }

    @Test
    void whatIsLeftOfADeletedTopicIsNoTopicToBeRecovered() {
        TopicIdPartition zero = new TopicIdPartition(ID, 0, NAME);
        for (TopicIdPartition partition : List.of(zero, PARTITION)) {
            cold.await(cold.await(cold.store.openLog(partition, 1)).append(SegmentFixture.random(new Random(1), 0, 1, 1_000)));
        }
        cold.objects.inject(SimFault.refusing().on(Operation.DELETE)); // the tombstone stands, its objects are still there
        cold.failure(cold.store.deleteLog(zero, 1));
        assertThat(cold.failure(cold.store.history(NAME))).isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining("was deleted");
    }

    @Test
    void aBucketIsTakenOverOnlyFromTheClusterThatIsNamed() {
        cold.log(1);
        SimObjectStore direct = new SimObjectStore();
        direct.putIfAbsent("firn/cluster", ByteBuffer.wrap("firn cluster 1\ncluster-a\n".getBytes())).join();
        assertThatThrownBy(() -> BucketTakeover.run(direct, "firn", "cluster-c", "cluster-b")).isInstanceOf(ColdStoreException.Misconfigured.class)
                .hasMessageContaining("belongs to cluster cluster-a, not to cluster-c");
        assertThat(direct.bytes("firn/cluster")).asString().isEqualTo("firn cluster 1\ncluster-a\n");
        BucketTakeover.run(direct, "firn", "cluster-a", "cluster-b");
        BucketTakeover.run(direct, "firn", "cluster-a", "cluster-b");
        assertThat(direct.bytes("firn/cluster")).asString().isEqualTo("firn cluster 1\ncluster-b\n");
        assertThat(direct.keys()).containsExactly("firn/cluster");
        assertThatThrownBy(() -> BucketTakeover.run(direct, "elsewhere", "cluster-a", "cluster-b")).isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    @Test
    void itIsNoPartition() {
        describe(cold.store, 4, "1", 1);
        assertThat(cold.await(reader.topics())).isEmpty();
        cold.await(cold.log(1).append(SegmentFixture.random(new Random(1), 0, 1, 1_000)));
        assertThat(cold.await(reader.topics())).containsExactly(new ColdTopic(NAME, ID, List.of(3)));
    }
}
