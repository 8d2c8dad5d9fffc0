package io.firn.gateway.partition;

import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.hot.batch.Batches;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A partition over a real log: who is told what, when, and in which order. */
class PartitionTest {

    /** Room for one batch of these tests, not for two. */
    private static final Map<String, String> ONE_BATCH_A_SEGMENT = Map.of("segment.bytes", "150");

    private static final Map<String, String> FOUR_BATCHES_A_SEGMENT = Map.of("segment.bytes", "500");

    @TempDir
    Path directory;

    private StorageRig rig;
    private TopicView topic;
    private Partition partition;

    @AfterEach
    void stop() {
        rig.close();
    }

    private void start(Durability durability, Map<String, String> configs) {
        rig = StorageRig.started(directory, 1, durability);
        topic = rig.createTopic("logs", 1, configs);
        partition = rig.partition("logs", 0);
    }

    /** Ends of waits, in the order they were told. */
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    private Partition.CommitListener telling(String name) {
        return new Partition.CommitListener() {
            @Override
            public void committed() {
                told.add(name + " committed");
            }

            @Override
            public void notCommitted(Errors why) {
                told.add(name + (why == Errors.REQUEST_TIMED_OUT ? " timed out" : " given up"));
            }
        };
    }

    private String nextTold() throws InterruptedException {
        return told.poll(20, TimeUnit.SECONDS);
    }

    private RecordBuffers batch() {
        return buffers(Requests.records(rig.clock.millis(), "0123456789".repeat(5)).buffer());
    }

    private static RecordBuffers buffers(ByteBuffer batch) {
        return RecordBuffers.of(ByteBuffer.allocateDirect(batch.remaining()).put(batch.duplicate()).flip());
    }

    /** The append's result, once it has one. */
    private CompletableFuture<AppendResult> append(RecordBuffers batch) {
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(batch, AppendOrigin.CLIENT, done::complete));
        return done;
    }

    private static long offset(AppendResult result) {
        return result instanceof AppendResult.Appended appended ? appended.baseOffset() : -1;
    }

    private long append() {
        return ((AppendResult.Appended) Await.get(append(batch()))).baseOffset();
    }

    private long watermark() {
        return onLoop(partition, partition::highWatermark);
    }

    @Test
    void appendsThatWaitForANewSegmentAreDoneInTheirOrder() {
        start(Durability.FSYNC, ONE_BATCH_A_SEGMENT);
        assertThat(append()).isZero();
        rig.disk.hold(Op.CREATE);
        List<Long> done = new CopyOnWriteArrayList<>();
        List<CompletableFuture<AppendResult>> appends = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            CompletableFuture<AppendResult> one = append(batch());
            one.thenAccept(result -> done.add(((AppendResult.Appended) result).baseOffset()));
            appends.add(one);
        }
        Await.until("the roll is held up", () -> rig.disk.waiting() == 1);
        assertThat(onLoop(partition, () -> done)).isEmpty();
        rig.disk.release(Op.CREATE);
        for (int i = 0; i < 5; i++) {
            assertThat(((AppendResult.Appended) Await.get(appends.get(i))).baseOffset()).isEqualTo(i + 1);
        }
        assertThat(onLoop(partition, () -> done)).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    /** An answered request lets its connection read the next one, which appends on the same stack. */
    @Test
    void listenerThatAppendsWhileTheQueueIsWorkedOffIsToldOnceAndAppendsBehindTheQueue() {
        start(Durability.FSYNC, FOUR_BATCHES_A_SEGMENT);
        for (int i = 0; i < 4; i++) {
            append();
        }
        rig.disk.hold(Op.CREATE);
        List<String> order = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> last = new CompletableFuture<>();
        partition.loop().execute(() -> {
            partition.append(batch(), AppendOrigin.CLIENT, first -> {
                order.add("first " + offset(first));
                partition.append(batch(), AppendOrigin.CLIENT, third -> {
                    order.add("third " + offset(third));
                    last.complete(null);
                });
            });
            partition.append(batch(), AppendOrigin.CLIENT, second -> order.add("second " + offset(second)));
        });
        Await.until("the roll is held up", () -> rig.disk.waiting() == 1);
        rig.disk.release(Op.CREATE);
        Await.get(last);
        assertThat(order).containsExactly("first 4", "second 5", "third 6");
        assertThat(onLoop(partition, () -> partition.log().hot().logEndOffset())).isEqualTo(7);
    }

    @Test
    void underFsyncTheWatermarkFollowsTheForcedBytes() throws Exception {
        start(Durability.FSYNC, Map.of());
        rig.disk.hold(Op.FORCE);
        append();
        onLoop(partition, () -> {
            partition.awaitCommit(1, Long.MAX_VALUE, telling("wait"));
            return null;
        });
        Await.until("the force is held up", () -> rig.disk.waiting() == 1);
        assertThat(watermark()).isZero();
        assertThat(told).isEmpty();
        rig.disk.release(Op.FORCE);
        assertThat(nextTold()).isEqualTo("wait committed");
        assertThat(watermark()).isEqualTo(1);
    }

    @Test
    void whoWaitsForAppendsIsToldOnceForAllOfATurn() {
        start(Durability.FSYNC, Map.of());
        List<Long> ends = new CopyOnWriteArrayList<>();
        Runnable listener = () -> ends.add(partition.log().hot().logEndOffset());
        onLoop(partition, () -> {
            partition.addEndListener(listener);
            for (int i = 0; i < 3; i++) {
                partition.append(batch(), AppendOrigin.CLIENT, done -> {});
            }
            return null;
        });
        Await.until("told", () -> !ends.isEmpty());
        onLoop(partition, () -> {
            partition.removeEndListener(listener);
            return null;
        });
        append();
        assertThat(onLoop(partition, () -> ends)).containsExactly(3L);
    }

    @Test
    void underOsTheWatermarkFollowsTheAppendItself() {
        start(Durability.OS, Map.of());
        rig.disk.hold(Op.FORCE);
        append();
        assertThat(watermark()).isEqualTo(1);
        Await.get(onLoop(partition, () -> TestPartitions.whenCommitted(partition, 1)));
    }

    @Test
    void listenersSeeTheWatermarkRiseAndNeverFall() {
        start(Durability.FSYNC, ONE_BATCH_A_SEGMENT);
        List<Long> seen = new CopyOnWriteArrayList<>();
        onLoop(partition, () -> partition.onHighWatermark(seen::add));
        for (int i = 0; i < 20; i++) {
            append();
        }
        Await.until("all is committed", () -> watermark() == 20);
        assertThat(seen).isSorted().doesNotHaveDuplicates().startsWith(0L).endsWith(20L);
    }

    @Test
    void waitPastItsDeadlineIsGivenUpAndOthersGoOnWaiting() throws Exception {
        start(Durability.FSYNC, Map.of());
        rig.disk.hold(Op.FORCE);
        append();
        long now = rig.clock.millis();
        onLoop(partition, () -> {
            partition.awaitCommit(1, now + 1_000, telling("short"));
            partition.awaitCommit(1, now + 600_000, telling("long"));
            return null;
        });
        rig.clock.advanceMs(2_000);
        assertThat(nextTold()).isEqualTo("short timed out");
        rig.disk.release(Op.FORCE);
        assertThat(nextTold()).isEqualTo("long committed");
    }

    @Test
    void partitionThatLeavesServiceTellsEverybodyWhoWaits() throws Exception {
        start(Durability.FSYNC, ONE_BATCH_A_SEGMENT);
        append();
        Await.until("committed", () -> watermark() == 1);
        rig.disk.hold(Op.CREATE);
        CompletableFuture<AppendResult> queued = append(batch());
        CompletableFuture<Void> uncommitted = onLoop(partition, () -> TestPartitions.whenCommitted(partition, 2));
        List<Long> watermarks = new CopyOnWriteArrayList<>();
        onLoop(partition, () -> {
            partition.addWatermarkListener(watermarks::add);
            partition.awaitCommit(2, Long.MAX_VALUE, telling("wait"));
            return null;
        });
        rig.deleteTopic(topic);
        assertThat(Await.get(queued)).isInstanceOfSatisfying(AppendResult.Rejected.class, rejected -> assertThat(rejected.error()).isEqualTo(AppendError.NOT_LEADER));
        assertThat(nextTold()).isEqualTo("wait given up");
        assertThatThrownBy(uncommitted::join).isInstanceOf(CompletionException.class).hasCauseInstanceOf(NotLeaderOrFollowerException.class);
        Await.until("the watermark's listener knows", () -> !watermarks.isEmpty());
        assertThat(watermarks).containsExactly(1L);
        assertThat(Await.get(append(batch()))).isInstanceOf(AppendResult.Rejected.class);
        assertThat(onLoop(partition, () -> TestPartitions.whenCommitted(partition, 2))).isCompletedExceptionally();
        rig.disk.release(Op.CREATE);
    }

    @Test
    void batchThatIsSentAgainWaitsForTheCommitmentOfTheFirst() throws Exception {
        start(Durability.FSYNC, Map.of());
        rig.disk.hold(Op.FORCE);
        ByteBuffer batch = Batches.data(0, 5, (short) 0, 0, 3, false, rig.clock.millis());
        assertThat(Await.get(append(buffers(batch)))).isInstanceOf(AppendResult.Appended.class);
        AppendResult again = Await.get(append(buffers(batch)));
        assertThat(again).isInstanceOfSatisfying(AppendResult.Duplicate.class, same -> assertThat(same.lastOffset()).isEqualTo(2));
        onLoop(partition, () -> {
            partition.awaitCommit(3, Long.MAX_VALUE, telling("duplicate"));
            return null;
        });
        assertThat(told).isEmpty();
        rig.disk.release(Op.FORCE);
        assertThat(nextTold()).isEqualTo("duplicate committed");
    }

    @Test
    void waitsEndWhenTheLogGoesOfflineAndNoNewOneBegins() throws Exception {
        start(Durability.FSYNC, Map.of());
        List<Long> woken = new CopyOnWriteArrayList<>();
        rig.disk.hold(Op.FORCE);
        append();
        onLoop(partition, () -> {
            partition.awaitCommit(1, Long.MAX_VALUE, telling("wait"));
            partition.addWatermarkListener(woken::add);
            return null;
        });
        rig.sim.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("the disk is gone"));
        rig.disk.release(Op.FORCE);
        assertThat(nextTold()).isEqualTo("wait given up");
        Await.until("fetches are woken", () -> !woken.isEmpty());
        assertThat(watermark()).isZero();
        assertThat(onLoop(partition, () -> TestPartitions.whenCommitted(partition, 1))).isCompletedExceptionally();
    }

    @Test
    void listenerThatThrowsKeepsNobodyElseFromBeingTold() {
        start(Durability.OS, Map.of());
        List<String> reached = new CopyOnWriteArrayList<>();
        onLoop(partition, () -> {
            partition.addWatermarkListener(watermark -> {
                throw new IllegalStateException("thrown on purpose by a test");
            });
            partition.addWatermarkListener(watermark -> reached.add("behind " + watermark));
            partition.append(batch(), AppendOrigin.CLIENT, result -> {
                throw new IllegalStateException("thrown on purpose by a test");
            });
            return null;
        });
        assertThat(reached).containsExactly("behind 1");
        assertThat(append()).isEqualTo(1);
    }

    /** How one ends that fails later is told by ReplicatedPartitionTest. */
    @Test
    void appendThatFailsBeforeTheLogHasChangedIsRefusedAndOthersGoOn() {
        start(Durability.OS, Map.of());
        append();
        AppendResult failed = Await.get(append(null));
        assertThat(failed).isInstanceOfSatisfying(AppendResult.Rejected.class, rejected -> assertThat(rejected.error()).isEqualTo(AppendError.UNEXPECTED));
        assertThat(Await.get(append(batch()))).isInstanceOf(AppendResult.Appended.class);
        assertThat(onLoop(partition, () -> partition.log().hot().logEndOffset())).isEqualTo(2);
    }

    @Test
    void offsetsOfQueuedAppendsHaveNoGapAndNoOverlapOverManyRolls() {
        start(Durability.FSYNC, ONE_BATCH_A_SEGMENT);
        List<CompletableFuture<AppendResult>> appends = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            appends.add(append(batch()));
        }
        List<Long> offsets = appends.stream().map(one -> ((AppendResult.Appended) Await.get(one)).baseOffset()).toList();
        assertThat(offsets).containsExactlyElementsOf(LongStream.range(0, 100).boxed().toList());
    }
}
