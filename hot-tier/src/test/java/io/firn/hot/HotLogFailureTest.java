package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.SimDisk.Op;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** What a log does when its disk fails it. */
final class HotLogFailureTest {

    private final SimDisk disk = new SimDisk(1);
    private SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private HotLog log = store.open(HotLogTest.SMALL);

    @Test
    void aFullDiskRefusesAppendsKeepsReadingAndResumesByItself() throws IOException {
        append();
        store.run();
        disk.capacityBytes(100);
        assertThat(rejection(append())).isEqualTo(AppendError.DISK_FULL);
        assertThat(append()).isInstanceOf(AppendResult.NotWritableYet.class);
        store.finish(log.whenWritable());
        assertThat(rejection(append())).isEqualTo(AppendError.DISK_FULL);
        assertThat(LogReads.offsets(log, 0, 3)).containsExactly(0L, 1L, 2L);
        tickAfter(2000);
        assertThat(rejection(append())).isEqualTo(AppendError.DISK_FULL);
        disk.capacityBytes(Long.MAX_VALUE);
        tickAfter(100);
        assertThat(rejection(append())).as("looked at too early").isEqualTo(AppendError.DISK_FULL);
        tickAfter(2000);
        assertThat(append()).isEqualTo(new Appended(3, 5, -1));
        store.run();
        assertThat(log.durableOffset()).isEqualTo(6);
        assertThat(LogReads.offsets(log, 0, 6)).hasSize(6);
        disk.kill();
        reopen();
        assertThat(LogReads.offsets(log, 0, log.logEndOffset())).hasSize(6);
    }

    @Test
    void aDiskThatIsFullAtARollOrASealCorruptsNothing() throws IOException {
        while (!log.sealedSegments(Long.MAX_VALUE).iterator().hasNext()) {
            append();
            store.run();
        }
        for (int room = 0; room < 3000; room += 97) {
            disk.capacityBytes(Long.MAX_VALUE);
            long used = used();
            disk.capacityBytes(used + room);
            for (int i = 0; i < 60; i++) {
                append();
                store.run();
            }
            assertThat(log.offlineReason()).isEmpty();
            disk.capacityBytes(Long.MAX_VALUE);
            tickAfter(2000);
            tickAfter(2000);
            assertThat(append()).isNotInstanceOf(Rejected.class);
            store.run();
            assertThat(LogReads.offsets(log, 0, log.logEndOffset())).hasSize((int) log.logEndOffset());
            assertThat(log.durableOffset()).isEqualTo(log.logEndOffset());
        }
        long end = log.logEndOffset();
        assertThat(store.close()).isTrue();
        store.die();
        reopen();
        assertThat(LogReads.offsets(log, 0, end)).hasSize((int) end);
    }

    @Test
    void afterAFailedForceTheLogIsOfflineAndNothingMoreIsDurable() {
        append();
        disk.fail(Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        store.run();
        assertThat(log.offlineReason()).hasValueSatisfying(reason -> assertThat(reason).contains("medium error"));
        assertThat(log.durableOffset()).isZero();
        assertThat(rejection(append())).isEqualTo(AppendError.OFFLINE);
        assertThat(log.read(0, 100, 3, true)).isInstanceOf(ReadResult.Offline.class);
        assertThat(log.roll()).isCompletedExceptionally();
        assertThat(store.close()).isFalse();
    }

    @Test
    void afterAFailedForceOfTheDirectoryTheLogIsOffline() {
        append();
        disk.fail(Op.FORCE_DIRECTORY, path -> true, 1, new IOException("medium error"));
        store.run();
        assertThat(log.offlineReason()).isPresent();
        assertThat(log.durableOffset()).isZero();
    }

    @Test
    void aFailedWriteTakesTheLogOfflineAndTheNextStartCutsTheTornTail() throws IOException {
        append();
        store.run();
        disk.fail(Op.APPEND, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        assertThat(rejection(append())).isEqualTo(AppendError.OFFLINE);
        store.run();
        assertThat(log.offlineReason()).isPresent();
        disk.kill();
        reopen();
        assertThat(log.logEndOffset()).isEqualTo(3);
        assertThat(append()).isEqualTo(new Appended(3, 5, -1));
    }

    @Test
    void aSealThatCannotBeForcedTakesTheLogOffline() {
        disk.fail(Op.FORCE, path -> path.toString().contains(".index"), 1, new IOException("medium error"));
        for (int i = 0; i < 100 && log.offlineReason().isEmpty(); i++) {
            append();
            store.run();
        }
        assertThat(log.offlineReason()).hasValueSatisfying(reason -> assertThat(reason).contains("sealing"));
    }

    @Test
    void aRollThatFailsTakesTheLogOfflineAndWhoeverWaitsIsTold() {
        append();
        disk.fail(Op.CREATE, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        store.finish(log.roll());
        assertThat(log.offlineReason()).isPresent();
        assertThat(rejection(append())).isEqualTo(AppendError.OFFLINE);
    }

    @Test
    void aReadErrorDuringRecoveryLeavesTheFilesAlone() throws IOException {
        append();
        store.run();
        disk.kill();
        disk.fail(Op.READ, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        reopen();
        assertThat(log.offlineReason()).isPresent();
        disk.kill();
        reopen();
        assertThat(log.logEndOffset()).isEqualTo(3);
    }

    @Test
    void otherLogsOfTheStoreGoOnWhenOneIsOffline() {
        HotLog other = store.open(new TopicIdPartition(Uuid.ONE_UUID, 1, "other"), HotLogTest.SMALL);
        append();
        disk.fail(Op.FORCE, path -> path.toString().contains("topic-0"), 1, new IOException("medium error"));
        other.append(RecordBuffers.of(Batches.plain(0, 3, 1)), 0, AppendOrigin.CLIENT, store.nowMs);
        store.run();
        assertThat(log.offlineReason()).isPresent();
        assertThat(other.offlineReason()).isEmpty();
        assertThat(other.durableOffset()).isEqualTo(3);
    }

    @Test
    void aDiskTooFullToDeleteLeavesTheLogInServiceAndDeletingWorksOnceThereIsRoom() throws IOException {
        fill(4);
        long first = log.sealedSegments(Long.MAX_VALUE).get(0).nextOffset();
        int segments = log.sealedSegments(Long.MAX_VALUE).size();
        disk.capacityBytes(used());
        CompletableFuture<Long> refused = log.deleteLocalBefore(first);
        CompletableFuture<Void> alsoRefused = log.advanceLogStart(1);
        store.run();
        assertThat(refused).isCompletedExceptionally();
        assertThat(alsoRefused).isCompletedExceptionally();
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).hasSize(segments);
        assertThat(LogReads.offsets(log, 0, log.logEndOffset())).hasSize((int) log.logEndOffset());
        disk.capacityBytes(Long.MAX_VALUE);
        assertThat(store.finish(log.deleteLocalBefore(first))).isPositive();
        assertThat(log.localLogStartOffset()).isEqualTo(first);
    }

    @Test
    void aLogOpensOnAFullDiskAfterAKill() throws IOException {
        append();
        store.run();
        disk.kill();
        disk.capacityBytes(used());
        reopen();
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.logEndOffset()).isEqualTo(3);
        disk.crash();
        disk.capacityBytes(Long.MAX_VALUE);
        reopen();
        assertThat(log.logEndOffset()).isEqualTo(3);
        assertThat(LogReads.offsets(log, 0, 3)).hasSize(3);
    }

    @Test
    void aCloseAfterAFailedForceIsNotCleanHoweverTheSecondForceEnds() {
        append();
        disk.fail(Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("medium error"));
        CompletableFuture<Boolean> closed = store.store().closeLogs();
        store.step();
        store.forceNow();
        assertThat(store.finish(closed)).isFalse();
    }

    @Test
    void aListenerThatFailsDoesNotKeepOtherLogsFromLearningWhatIsDurable() {
        HotLog other = store.open(new TopicIdPartition(Uuid.ONE_UUID, 1, "other"), HotLogTest.SMALL);
        log.onDurable(() -> {
            throw new IllegalStateException("listener");
        });
        append();
        other.append(RecordBuffers.of(Batches.plain(0, 3, 1)), 0, AppendOrigin.CLIENT, store.nowMs);
        store.run();
        assertThat(other.durableOffset()).isEqualTo(3);
    }

    /** A crash in the middle of a close: the index files tell of a transaction aborted behind the recovery point. */
    @Test
    void indexFilesAheadOfTheRecoveryPointDoNotKeepTheLogFromOpening() {
        append();
        assertThat(store.close()).isTrue();
        reopen();
        log.append(RecordBuffers.of(Batches.data(0, 9, (short) 0, 0, 2, true, 1000)), 0, AppendOrigin.CLIENT, store.nowMs);
        log.append(RecordBuffers.of(Batches.marker(0, 9, (short) 0, false, 1, 1000)), 0, AppendOrigin.COORDINATOR, store.nowMs);
        disk.fail(Op.CREATE, path -> path.toString().contains("partition.checkpoint"), 1, new IOException("killed here"));
        assertThat(store.close()).isFalse();
        disk.kill();
        reopen();
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.logEndOffset()).isEqualTo(6);
        assertThat(store.finish(log.abortedTransactions(0, 6))).containsExactly(new AbortedTransaction(9, 3, 5, 6));
    }

    @Test
    void readsDuringATruncationFindNothingAndDoNotTakeTheLogOffline() throws IOException {
        fill(2);
        long end = log.logEndOffset();
        CompletableFuture<Void> cut = log.truncateTo(end - 30);
        CompletableFuture<?> search = log.offsetForTimestamp(Long.MAX_VALUE - 1, end);
        for (int i = 0; i < 20 && !cut.isDone(); i++) {
            assertThat(log.read(end - 20, 1000, end, true)).isInstanceOf(ReadResult.AtEnd.class);
            store.step();
        }
        store.finish(cut);
        store.run();
        assertThat(search).isDone();
        assertThat(log.offlineReason()).isEmpty();
    }

    @Test
    void pagesOfARangeThatWasCutOffCannotBePrefetchedAndTheLogStaysInService() throws IOException {
        append();
        append();
        assertThat(store.close()).isTrue();
        reopen();
        FileRange range = ((ReadResult.Range) log.read(3, 1000, 6, true)).range();
        store.finish(log.truncateTo(3));
        FileRange cut = range.slice(range.sizeBytes() - 70, 70);
        CompletableFuture<Void> pages = cut.prefetch();
        store.run();
        assertThat(pages).isCompletedExceptionally();
        assertThat(log.offlineReason()).isEmpty();
        range.release();
        cut.release();
    }

    @Test
    void aFollowerTakesNoGapThatRecoveryWouldCutAt() {
        append();
        assertThat(rejection(log.append(RecordBuffers.of(Batches.plain(5, 2, 1)), 0, AppendOrigin.REPLICATION, store.nowMs))).isEqualTo(AppendError.INVALID_RECORD);
        assertThat(log.append(RecordBuffers.of(Batches.plain(3, 2, 1)), 0, AppendOrigin.REPLICATION, store.nowMs)).isEqualTo(new Appended(3, 4, -1));
    }

    private void fill(int segments) {
        while (log.sealedSegments(Long.MAX_VALUE).size() < segments) {
            append();
            store.run();
        }
    }

    private long used() throws IOException {
        disk.capacityBytes(1L << 40);
        return (1L << 40) - disk.usableBytes(SteppedStore.DIRECTORY);
    }

    private void tickAfter(long ms) {
        store.nowMs += ms;
        log.tick(store.nowMs);
        store.run();
    }

    private void reopen() {
        store.die();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
    }

    private AppendResult append() {
        ByteBuffer batch = Batches.plain(0, 3, 5000);
        return log.append(RecordBuffers.of(batch), 0, AppendOrigin.CLIENT, store.nowMs);
    }

    private static AppendError rejection(AppendResult result) {
        assertThat(result).isInstanceOf(Rejected.class);
        return ((Rejected) result).error();
    }
}
