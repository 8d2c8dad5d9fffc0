package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.DeadTopics.Grave;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is left in the bucket of topics that are gone, and of such that only seem to be. */
class DeadTopicsTest {

    private static final long GRACE_MS = 60_000;
    private static final Uuid ALIVE = new Uuid(1, 1);
    private static final Uuid GONE = new Uuid(2, 2);
    /** As of this version of the metadata topics are described. */
    private static final long DESCRIBED = 50;
    /** Leader epoch of all that is written. */
    private static final int EPOCH = 1;
    private static final Grave GRAVE = new Grave(DESCRIBED + 1, EPOCH);

    private final AtomicLong nowMs = new AtomicLong(1_000_000);
    private final SimObjectStore bucket = new SimObjectStore();
    private final SimObjectStore storesWay = bucket.reopened();
    private final ColdStore store = store("cluster-a", storesWay);
    private final KnownTopics cluster = new KnownTopics();
    private final DeadTopics dead = new DeadTopics(store, cluster, GRACE_MS);

    private static final class KnownTopics implements DeadTopics.Cluster {
        final Set<Uuid> existing = new HashSet<>(Set.of(ALIVE));
        final Map<Uuid, Grave> deleted = new HashMap<>();
        final Set<Uuid> buried = new HashSet<>();
        Runnable becomesUpToDate = () -> {};

        @Override
        public boolean exists(Uuid topicId) {
            return existing.contains(topicId);
        }

        @Override
        public Optional<Grave> deleted(Uuid topicId) {
            return Optional.ofNullable(deleted.get(topicId));
        }

        @Override
        public CompletableFuture<Map<Uuid, Grave>> bury(List<Uuid> topicIds) {
            return CompletableFuture.runAsync(() -> becomesUpToDate.run(), Runnable::run)
                    .thenApply(nothing -> topicIds.stream().filter(deleted::containsKey).peek(buried::add).collect(Collectors.toMap(id -> id, deleted::get)));
        }
    }

    private ColdStore store(String clusterId) {
        return store(clusterId, bucket.reopened());
    }

    private ColdStore store(String clusterId, SimObjectStore way) {
        ColdStoreConfig c = ColdFixture.config(16 * CHUNK, 0);
        ColdStoreConfig ofCluster = new ColdStoreConfig(c.prefix(), clusterId, c.chunkBytes(), c.cacheBytes(), c.readParallelism(), c.readAheadBytes(), c.uploadParallelism(), c.requestTimeoutMs(),
                c.retryMaxAttempts(), c.deleteGraceMs(), c.acceptNoConditionalWrites());
        return ColdStore.open(ofCluster, way, () -> Instant.ofEpochMilli(nowMs.get()), new SimpleMeterRegistry());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void fill(Uuid id, String name, boolean described) {
        for (int partition = 0; partition < 3; partition++) {
            store.openLog(new TopicIdPartition(id, partition, name), EPOCH).join().append(SegmentFixture.random(new Random(1), 0, 1, 300)).join();
        }
        if (described) {
            store.describeTopic(id, name, 3, Map.of(), DESCRIBED).join();
        }
    }

    private DeadTopics.Outcome look() {
        return dead.look(() -> false);
    }

    private DeadTopics.Outcome lookTwice() {
        assertThat(look().deleted()).as("at the first sight").isZero();
        nowMs.addAndGet(GRACE_MS);
        return look();
    }

    private List<String> of(Uuid id) {
        return bucket.keys().stream().filter(key -> key.contains(id.toString())).toList();
    }

    private static DeadTopics.Outcome outcome(int deleted, int waiting, int strange, int stuck) {
        return new DeadTopics.Outcome(deleted, waiting, strange, stuck, Optional.empty());
    }

    @Test
    void whatADeadLeaderLeftOfADeletedTopicGoesAndLivingTopicsOfTheSameNameStay() {
        fill(ALIVE, "logs", true);
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        List<String> alive = of(ALIVE);
        assertThat(lookTwice()).isEqualTo(outcome(1, 0, 0, 0));
        assertThat(of(GONE)).isEmpty();
        assertThat(of(ALIVE)).isEqualTo(alive);
        assertThat(look()).isEqualTo(outcome(0, 0, 0, 0));
    }

    @Test
    void atEveryRequestOfADeletionThatIsCutShortTheRestIsDeletedByTheNextLook() {
        cluster.deleted.put(GONE, GRAVE);
        for (int point = 1; point < 200; point++) {
            fill(GONE, "logs", true);
            SimObjectStore way = bucket.reopened();
            int[] requests = new int[1];
            int last = point;
            try (ColdStore dying = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), way, () -> Instant.EPOCH, new SimpleMeterRegistry())) {
                dying.check().join();
                way.inject(SimFault.outage().forKeys(key -> ++requests[0] >= last));
                boolean done = true;
                for (int partition = 0; partition < 3 && done; partition++) {
                    done = dying.deleteLog(new TopicIdPartition(GONE, partition, "logs"), 1).handle((nothing, failure) -> failure == null).join();
                }
                if (done) {
                    assertThat(point).isGreaterThan(20);
                    assertThat(of(GONE)).isEmpty();
                    return;
                }
            }
            nowMs.addAndGet(GRACE_MS);
            look();
            nowMs.addAndGet(GRACE_MS);
            look();
            assertThat(of(GONE)).as("after a crash at request %d", point).isEmpty();
        }
    }

    /** The metadata went back, to a backup say: they do not know what was made after it, and go on, perhaps for long. */
    @Test
    void aTopicOfThisClusterThatTheMetadataHaveForgottenStaysForEver() {
        fill(GONE, "logs", true);
        List<String> all = of(GONE);
        for (int i = 0; i < 20; i++) {
            look();
            nowMs.addAndGet(10 * GRACE_MS);
        }
        assertThat(look()).isEqualTo(outcome(0, 0, 1, 0));
        assertThat(of(GONE)).isEqualTo(all);
    }

    /** The metadata went back to where the topic was deleted, and have lost that it was restored. */
    @Test
    void aTopicThatWasDescribedAfterItsDeletionStays() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, new Grave(DESCRIBED, EPOCH));
        List<String> all = of(GONE);
        assertThat(lookTwice()).isEqualTo(outcome(0, 0, 1, 0));
        assertThat(of(GONE)).isEqualTo(all);
        assertThat(cluster.buried).as("it can be restored").isEmpty();
        cluster.deleted.put(GONE, new Grave(DESCRIBED + 1, EPOCH));
        assertThat(look().deleted()).isOne();
    }

    @Test
    void aTopicOfWhichOnePartitionWasWrittenAfterItsDeletionStaysWhole() {
        fill(GONE, "logs", false);
        store.openLog(new TopicIdPartition(GONE, 2, "logs"), EPOCH + 1).join().claim().join();
        cluster.deleted.put(GONE, GRAVE);
        List<String> all = of(GONE);
        assertThat(lookTwice()).isEqualTo(outcome(0, 0, 1, 0));
        assertThat(of(GONE)).isEqualTo(all);
        assertThat(cluster.buried).as("it can be restored").isEmpty();
        cluster.deleted.put(GONE, new Grave(DESCRIBED + 1, EPOCH + 1));
        assertThat(look().deleted()).isOne();
        assertThat(of(GONE)).isEmpty();
    }

    @Test
    void aTopicThatWasRestoredAfterWhatThisBrokerKnowsStays() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        cluster.becomesUpToDate = () -> {
            cluster.existing.add(GONE);
            cluster.deleted.clear();
        };
        List<String> all = of(GONE);
        assertThat(lookTwice().deleted()).isZero();
        assertThat(of(GONE)).isEqualTo(all);
    }

    @Test
    void aBrokerThatIsAgreedWithByNobodyDeletesNothing() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        cluster.becomesUpToDate = () -> {
            throw new IllegalStateException("no majority");
        };
        List<String> all = of(GONE);
        look();
        nowMs.addAndGet(GRACE_MS);
        assertThatThrownBy(this::look).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(of(GONE)).isEqualTo(all);
    }

    @Test
    void aBrokerWhoseBucketWasTakenOverDeletesNothing() {
        fill(GONE, "logs", false);
        cluster.deleted.put(GONE, GRAVE);
        look();
        bucket.put("firn/cluster", UploadSource.of(new BucketClaim("cluster-b").bytes())).join();
        nowMs.addAndGet(GRACE_MS);
        List<String> all = of(GONE);
        assertThatThrownBy(this::look).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-b");
        assertThat(of(GONE)).isEqualTo(all);
    }

    @Test
    void aTopicThatAnotherClusterDescribesStaysAlthoughThisOneHasDeletedIt() {
        fill(GONE, "logs", true);
        bucket.delete("firn/cluster").join();
        try (ColdStore successor = store("cluster-b")) {
            cluster.deleted.put(GONE, GRAVE);
            DeadTopics young = new DeadTopics(successor, cluster, 0);
            assertThat(young.look(() -> false)).isEqualTo(outcome(0, 0, 1, 0));
        }
        assertThat(of(GONE)).isNotEmpty();
        assertThat(cluster.buried).as("it can be restored").isEmpty();
    }

    @Test
    void aDescriptionThatCannotBeReadKeepsTheObjects() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        bucket.flipBit(of(GONE).stream().filter(key -> key.endsWith(".topic")).findFirst().orElseThrow(), 20);
        assertThat(lookTwice().strange()).isOne();
        assertThat(cluster.buried).as("it can be restored").isEmpty();
    }

    /** By whom the metadata of this cluster have never heard of: a leader of a history that went on elsewhere. */
    @Test
    void aTopicThatIsWrittenToWhileItIsBuriedStays() {
        fill(GONE, "logs", false);
        cluster.deleted.put(GONE, GRAVE);
        cluster.becomesUpToDate = () -> store.openLog(new TopicIdPartition(GONE, 2, "logs"), EPOCH + 1).join().claim().join();
        assertThat(lookTwice()).isEqualTo(outcome(0, 0, 1, 0));
        assertThat(of(GONE)).anyMatch(key -> key.contains("/0/") && key.endsWith(".segment"));
    }

    @Test
    void aBucketThatIsTakenOverInTheMiddleOfALookLosesNothingMore() {
        fill(GONE, "logs", false);
        cluster.deleted.put(GONE, GRAVE);
        cluster.becomesUpToDate = () -> bucket.put("firn/cluster", UploadSource.of(new BucketClaim("cluster-b").bytes())).join();
        List<String> all = of(GONE);
        assertThat(lookTwice().deleted()).isZero();
        assertThat(of(GONE)).isEqualTo(all);
    }

    @Test
    void aTopicThatCannotBeDeletedHoldsUpNoOther() {
        Uuid behind = new Uuid(3, 3);
        fill(GONE, "logs", true);
        fill(behind, "more", true);
        cluster.deleted.put(GONE, GRAVE);
        cluster.deleted.put(behind, GRAVE);
        bucket.flipBit(of(GONE).stream().filter(key -> key.endsWith(".manifest")).findFirst().orElseThrow(), 20);
        assertThat(lookTwice()).isEqualTo(outcome(1, 0, 0, 1));
        assertThat(of(behind)).isEmpty();
        assertThat(of(GONE)).isNotEmpty();
    }

    @Test
    void whatWasDeletedBeforeTheBucketWentAwayIsCounted() {
        Uuid behind = new Uuid(3, 3);
        fill(GONE, "logs", true);
        fill(behind, "more", true);
        cluster.deleted.put(GONE, GRAVE);
        cluster.deleted.put(behind, GRAVE);
        look();
        nowMs.addAndGet(GRACE_MS);
        storesWay.inject(SimFault.outage().forKeys(key -> key.contains("/more-") && key.contains("/manifest/")));
        assertThat(look()).satisfies(cut -> {
            assertThat(cut.deleted()).isOne();
            assertThat(cut.waiting()).isOne();
            assertThat(cut.cutShort()).containsInstanceOf(ColdStoreException.Unavailable.class);
        });
        storesWay.clearFaults();
        assertThat(look().deleted()).isOne();
    }

    @Test
    void aDeletionThatIsCancelledIsNotCounted() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        look();
        nowMs.addAndGet(GRACE_MS);
        assertThat(dead.look(() -> of(GONE).stream().noneMatch(key -> key.contains("/0/"))).deleted()).isZero();
        assertThat(of(GONE)).anyMatch(key -> key.contains("/1/manifest/"));
        assertThat(look().deleted()).isOne();
    }

    @Test
    void strangeTopicsHoweverManyDoNotHideADeadOneBehindThem() {
        for (int i = 0; i <= DeadTopics.SIGHTINGS; i++) {
            bucket.put("firn/topics/a-" + new Uuid(7, i) + "/0/x", UploadSource.of(ByteBuffer.allocate(1))).join();
        }
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        assertThat(lookTwice()).isEqualTo(outcome(1, 0, DeadTopics.SIGHTINGS + 1, 0));
    }

    @Test
    void aLookCostsARequestATopicAndTwo() {
        fill(ALIVE, "logs", true);
        SimObjectStore way = bucket.reopened();
        try (ColdStore counted = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), way, () -> Instant.EPOCH, new SimpleMeterRegistry())) {
            counted.check().join();
            int before = way.requests();
            int lists = way.requests(Operation.LIST);
            new DeadTopics(counted, cluster, 0).look(() -> false);
            assertThat(way.requests() - before).isEqualTo(3);
            assertThat(way.requests(Operation.LIST) - lists).isEqualTo(3);
        }
    }

    @Test
    void aProbeThatAStartLeftGoesWhenItWasSeenForLong() {
        String probe = "firn/probe/0123456789abcdef";
        bucket.put(probe, UploadSource.of(ByteBuffer.allocate(3))).join();
        look();
        nowMs.addAndGet(DeadTopics.PROBE_LEAST_MS - 1);
        look();
        assertThat(bucket.keys()).contains(probe);
        nowMs.addAndGet(1);
        look();
        assertThat(bucket.keys()).doesNotContain(probe);
    }

    @Test
    void whatIsNoProbeStaysWhereProbesLie() {
        List<String> others = List.of("firn/probe/cluster", "firn/probe/topics/logs-" + GONE + "/0/manifest/00000000000000000001.manifest", "firn/probe/0123456789abcdee0");
        others.forEach(other -> bucket.put(other, UploadSource.of(ByteBuffer.allocate(3))).join());
        bucket.put("firn/probe/0123456789abcdef", UploadSource.of(ByteBuffer.allocate(65))).join();
        look();
        nowMs.addAndGet(DeadTopics.PROBE_LEAST_MS);
        look();
        assertThat(bucket.keys()).containsAll(others).contains("firn/probe/0123456789abcdef");
    }

    /** However they are named, and wherever among the topics: each is listed once, a directory of them as well. */
    @Test
    void foreignObjectsAmongTopicsHoldUpNoLook() {
        fill(GONE, "logs", true);
        cluster.deleted.put(GONE, GRAVE);
        List<String> foreign = List.of("firn/topics/logs-" + GONE + "/zzz", "firn/topics/logs-" + GONE + "/zzzz/y", "firn/topics/logs-" + GONE + "/0/zzz", "firn/topics/sink/a", "firn/topics/sink/zzzb", "firn/topics/x");
        foreign.forEach(other -> bucket.put(other, UploadSource.of(ByteBuffer.allocate(3))).join());
        assertThat(lookTwice().deleted()).isOne();
        assertThat(bucket.keys()).contains("firn/topics/sink/a", "firn/topics/sink/zzzb", "firn/topics/x");
    }

    @Test
    void twoThatDeleteTheSamePartitionDoNotDisturbEachOther() {
        fill(GONE, "logs", true);
        SimObjectStore way = bucket.reopened();
        try (ColdStore other = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), way, () -> Instant.EPOCH, new SimpleMeterRegistry())) {
            other.check().join();
            SimFault held = way.inject(SimFault.holdingRequests().on(Operation.GET_SMALL));
            CompletableFuture<Void> slow = other.deleteLog(new TopicIdPartition(GONE, 0, "logs"), 1);
            while (held.heldCount() == 0) {
                Thread.onSpinWait();
            }
            store.deleteLog(new TopicIdPartition(GONE, 0, "logs"), 1).join();
            held.release();
            slow.join();
        }
    }
}
