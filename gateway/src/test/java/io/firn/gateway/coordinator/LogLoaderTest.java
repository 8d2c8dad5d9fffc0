package io.firn.gateway.coordinator;

import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogLoaderTest {
    private static final TopicPartition TP = new TopicPartition("t", 0);

    @TempDir
    Path directory;

    /** How loads ended. */
    private final List<String> outcomes = new CopyOnWriteArrayList<>();

    private final LogLoader.Outcome noting = new LogLoader.Outcome() {
        @Override
        public void loaded(TopicPartition partition) {
            outcomes.add("loaded " + partition);
        }

        @Override
        public void failed(Partition partition) {
            outcomes.add("failed " + partition.id().topicPartition());
        }
    };

    private LogLoader loader(StorageRig rig, Deserializer<CoordinatorRecord> serde) {
        return new LogLoader("test-loader", rig.partitions, serde, InstantSource.system(), noting);
    }

    private static void append(StorageRig rig) {
        append(rig, "x");
    }

    private static void append(StorageRig rig, String... values) {
        CompletableFuture<AppendResult> appended = new CompletableFuture<>();
        Partition partition = rig.partition("t", 0);
        partition.loop().execute(() -> partition.append(RecordBuffers.of(Requests.records(rig.clock.millis(), values).buffer()), AppendOrigin.COORDINATOR, appended::complete));
        assertThat(Await.get(appended)).isInstanceOf(AppendResult.Appended.class);
    }

    /** What comes to the coordinator. */
    private static final class Recording implements CoordinatorPlayback<CoordinatorRecord> {
        private final List<String> told = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void replay(long offset, long producerId, short producerEpoch, CoordinatorRecord record) {
            told.add("record " + offset);
        }

        @Override
        public void replayEndTransactionMarker(long producerId, short producerEpoch, TransactionResult result) {
            throw new AssertionError("no marker was written");
        }

        @Override
        public void updateLastWrittenOffset(long offset) {
            told.add("written " + offset);
        }

        @Override
        public void updateLastCommittedOffset(long offset) {
            told.add("committed " + offset);
        }
    }

    @Test
    void aClassThatIsMissingFailsTheLoadAndIsReported() throws Exception {
        try (StorageRig rig = StorageRig.started(directory, 1); LogLoader loader = loader(rig, (key, value) -> {
            throw new NoClassDefFoundError("gone");
        })) {
            rig.createTopic("t", 1);
            append(rig);

            var load = loader.load(TP, new Recording());

            assertThatThrownBy(() -> load.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(NoClassDefFoundError.class);
            Await.until("it is reported", () -> outcomes.equals(List.of("failed t-0")));
        }
    }

    @Test
    void anEmptyLogIsLoadedAtOnce() {
        try (StorageRig rig = StorageRig.started(directory, 1); LogLoader loader = loader(rig, (key, value) -> null)) {
            rig.createTopic("t", 1);
            Recording coordinator = new Recording();

            Await.get(loader.load(TP, coordinator));

            assertThat(coordinator.told).isEmpty();
        }
    }

    @Test
    void whatWasDecidedAndIsNotKnownToBeCommittedIsWaitedFor() {
        try (StorageRig rig = StorageRig.started(directory, 1, Durability.FSYNC); LogLoader loader = loader(rig, (key, value) -> null)) {
            rig.createTopic("t", 1);
            append(rig);
            Await.until("the first is committed", () -> onLoop(rig.partition("t", 0), rig.partition("t", 0)::highWatermark) == 1);
            rig.disk.hold(Op.FORCE);
            append(rig);
            Recording coordinator = new Recording();

            var load = loader.load(TP, coordinator);

            awaitWaiting(rig);
            assertThat(load).isNotDone();
            assertThat(coordinator.told).containsExactly("record 0", "record 1", "written 2", "committed 2");
            rig.disk.release(Op.FORCE);
            assertThat(Await.get(load).numRecords()).isEqualTo(2);
            assertThat(outcomes).containsExactly("loaded t-0");
            Await.until("it listens no longer", () -> onLoop(rig.partition("t", 0), rig.partition("t", 0)::watermarkListeners) == 0);
        }
    }

    @Test
    void aPartitionThatIsLedHereNoMoreEndsTheWaitAndIsNotReported() {
        try (StorageRig rig = StorageRig.started(directory, 1, Durability.FSYNC); LogLoader loader = loader(rig, (key, value) -> null)) {
            TopicView topic = rig.createTopic("t", 1);
            var load = waitingLoad(rig, loader);

            rig.deleteTopic(topic);

            assertThatThrownBy(() -> load.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(NotLeaderOrFollowerException.class);
            assertThat(outcomes).isEmpty();
            rig.disk.release(Op.FORCE);
        }
    }

    @Test
    void aLogThatGoesOfflineEndsTheWaitAndIsReported() {
        try (StorageRig rig = StorageRig.started(directory, 1, Durability.FSYNC); LogLoader loader = loader(rig, (key, value) -> null)) {
            rig.createTopic("t", 1);
            var load = waitingLoad(rig, loader);

            rig.sim.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("the disk is gone"));
            rig.disk.release(Op.FORCE);

            assertThatThrownBy(() -> load.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(KafkaStorageException.class);
            Await.until("it is reported", () -> outcomes.equals(List.of("failed t-0")));
        }
    }

    /** Kafka's library would take its end for that of the load that came after it. */
    @Test
    void aLoadWhoseElectionIsOverEndsWithoutAWord() {
        try (StorageRig rig = StorageRig.started(directory, 1, Durability.FSYNC); LogLoader loader = loader(rig, (key, value) -> null)) {
            rig.createTopic("t", 1);
            var dropped = waitingLoad(rig, loader);

            loader.drop(TP);
            var next = loader.load(TP, new Recording());
            Await.until("both wait", () -> onLoop(rig.partition("t", 0), rig.partition("t", 0)::watermarkListeners) == 2);
            rig.disk.release(Op.FORCE);

            assertThat(Await.get(next).numRecords()).isEqualTo(1);
            Await.until("neither listens", () -> onLoop(rig.partition("t", 0), rig.partition("t", 0)::watermarkListeners) == 0);
            assertThat(dropped).isNotDone();
            assertThat(outcomes).containsExactly("loaded t-0");
        }
    }

    @Test
    void aLoadThatIsDroppedBeforeItsTurnReadsNothing() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (StorageRig rig = StorageRig.started(directory, 1); LogLoader loader = loader(rig, (key, value) -> {
            reading.countDown();
            awaited(goOn);
            return null;
        })) {
            rig.createTopic("t", 1);
            append(rig);
            Recording dropped = new Recording();
            loader.load(TP, new Recording());
            assertThat(reading.await(20, TimeUnit.SECONDS)).isTrue();

            loader.load(TP, dropped);
            loader.drop(TP);
            Recording last = new Recording();
            var load = loader.load(TP, last);
            goOn.countDown();

            assertThat(Await.get(load).numRecords()).isEqualTo(1);
            assertThat(dropped.told).doesNotContain("record 0");
        }
    }

    private static void awaited(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Else the coordinator would keep in memory all that the log has made and ended. */
    @Test
    void aLongLogIsReportedInSteps() {
        try (StorageRig rig = StorageRig.started(directory, 1); LogLoader loader = loader(rig, (key, value) -> null)) {
            rig.createTopic("t", 1);
            String[] values = Collections.nCopies(10_000, "x").toArray(String[]::new);
            for (int batch = 0; batch < 4; batch++) {
                append(rig, values);
            }
            Recording coordinator = new Recording();

            Await.get(loader.load(TP, coordinator));

            assertThat(coordinator.told.stream().filter(one -> !one.startsWith("record"))).containsExactly("written 20000", "committed 20000", "written 40000", "committed 40000");
        }
    }

    /** A load of one record that stays uncommitted until the disk is released. */
    private static CompletableFuture<LoadSummary> waitingLoad(StorageRig rig, LogLoader loader) {
        rig.partition("t", 0);
        rig.disk.hold(Op.FORCE);
        append(rig);
        CompletableFuture<LoadSummary> load = loader.load(TP, new Recording());
        awaitWaiting(rig);
        return load;
    }

    private static void awaitWaiting(StorageRig rig) {
        Await.until("it waits", () -> onLoop(rig.partition("t", 0), rig.partition("t", 0)::watermarkListeners) == 1);
    }
}
