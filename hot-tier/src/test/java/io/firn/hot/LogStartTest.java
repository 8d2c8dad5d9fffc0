package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.batch.Batches;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.producer.ProducerStates;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** A follower's log: what it takes from a leader, where it begins, what it knows of epochs, and what a crash leaves of all that. */
final class LogStartTest {

    private static final long PRODUCER = 77;
    private static final int MOST_OPERATIONS = 100;

    private final SimDisk disk = new SimDisk(3);
    private SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private HotLog log = store.open(HotLogTest.SMALL);

    private static ByteBuffer batch(long base, int epoch, int count) {
        return Batches.plain(base, count, 1).putInt(12, epoch);
    }

    /** At offset 500, under epoch 7 since 400; the producer's last sequence is 41. */
    private static LogStart boundary() {
        ProducerStates producers = ProducerStates.empty(new ProducerLimits(100, 3_600_000));
        producers.apply(Batches.header(Batches.data(490, PRODUCER, (short) 0, 40, 2, false, 1)), 1);
        return new LogStart(500, 20, LeaderEpochs.EMPTY.assign(2, 0).assign(7, 400).assign(9, 500).toText(), producers.snapshot());
    }

    private AppendResult fetched(ByteBuffer batch, int leaderEpoch, long highWatermark) {
        AppendResult result = log.appendFetched(RecordBuffers.of(batch), leaderEpoch, highWatermark, 1);
        while (result instanceof AppendResult.NotWritableYet) {
            store.finish(log.whenWritable());
            result = log.appendFetched(RecordBuffers.of(batch), leaderEpoch, highWatermark, 1);
        }
        return result;
    }

    private void checkBegunAnew() {
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.logEndOffset()).isEqualTo(500);
        assertThat(log.localLogStartOffset()).isEqualTo(500);
        assertThat(log.logStartOffset()).isEqualTo(20);
        assertThat(log.latestEpoch()).hasValue(7);
        assertThat(log.endOffsetFor(2)).contains(new EpochEnd(2, 400));
        ByteBuffer duplicate = Batches.data(0, PRODUCER, (short) 0, 40, 2, false, 1);
        assertThat(log.append(RecordBuffers.of(duplicate), 9, AppendOrigin.CLIENT, 1)).isEqualTo(new AppendResult.Duplicate(490, 491, -1));
    }

    @Test
    void aLogBegunAtTheTierBoundaryKnowsEpochsAndProducersOfWhatIsBelow() {
        fetched(batch(0, 1, 5), 1, 0);
        store.finish(log.startAt(boundary()));
        checkBegunAnew();
        assertThat(fetched(batch(500, 9, 5), 9, 0)).isEqualTo(new AppendResult.Appended(500, 504, -1));
        store.run();
        assertThat(store.close()).isTrue();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.logEndOffset()).isEqualTo(505);
        assertThat(log.endOffsetFor(7)).contains(new EpochEnd(7, 500));
    }

    @Test
    void afterAnyCrashItIsTheOldLogOrTheNewBeginning() throws IOException {
        int old = 0;
        int begun = 0;
        boolean lasts = true;
        for (int operations = 0; lasts; operations++) {
            assertThat(operations).isLessThan(MOST_OPERATIONS);
            for (boolean power : new boolean[] {true, false}) {
                SimDisk crashing = new SimDisk(operations);
                store = new SteppedStore(crashing, Durability.FSYNC);
                log = store.open(HotLogTest.SMALL);
                for (int i = 0; i < 40; i++) {
                    fetched(batch(5L * i, 1, 5), 1, 0);
                }
                store.run();
                crashing.dieAfter(operations);
                var done = log.startAt(boundary());
                store.run();
                lasts = done.isCompletedExceptionally();
                store.die();
                if (power) {
                    crashing.crash();
                } else {
                    crashing.kill();
                }
                store = new SteppedStore(crashing, Durability.FSYNC);
                log = store.open(HotLogTest.SMALL);
                if (log.logEndOffset() == 200) {
                    assertThat(lasts).as("it had not completed").isTrue();
                    assertThat(LogReads.offsets(log, 0, 200)).hasSize(200);
                    assertThat(log.latestEpoch()).hasValue(1);
                    old++;
                } else {
                    checkBegunAnew();
                    begun++;
                }
                assertThat(crashing.list(SteppedStore.DIRECTORY.resolve("topic-0"))).doesNotContain("log.start").noneMatch(name -> name.endsWith(".tmp"));
            }
        }
        assertThat(old).isGreaterThan(3);
        assertThat(begun).isGreaterThan(10);
    }

    @Test
    void aStateThatCannotBeReadChangesNothing() {
        fetched(batch(0, 1, 5), 1, 0);
        LogStart sound = boundary();
        LogStart noEpochs = new LogStart(500, 20, ByteBuffer.wrap("what".getBytes()), sound.producers());
        LogStart noProducers = new LogStart(500, 20, sound.leaderEpochs(), ByteBuffer.allocate(9));
        for (LogStart start : new LogStart[] {noEpochs, noProducers}) {
            assertThatThrownBy(() -> store.finish(log.startAt(start))).isInstanceOf(CompletionException.class);
            assertThat(log.offlineReason()).isEmpty();
            assertThat(log.logEndOffset()).isEqualTo(5);
        }
    }

    @Test
    void batchesOfALaterOrAnEarlierEpochAreNotTaken() {
        assertThat(fetched(batch(0, 3, 5), 4, 0)).isInstanceOf(AppendResult.Appended.class);
        assertThat(((AppendResult.Rejected) fetched(batch(5, 5, 5), 4, 0)).error()).isEqualTo(AppendError.INVALID_RECORD);
        assertThat(((AppendResult.Rejected) fetched(batch(5, 2, 5), 4, 0)).error()).isEqualTo(AppendError.INVALID_RECORD);
        ByteBuffer two = ByteBuffer.allocate(1000).put(batch(5, 4, 5)).put(batch(10, 3, 5)).flip();
        assertThat(((AppendResult.Rejected) fetched(two, 4, 0)).error()).isEqualTo(AppendError.INVALID_RECORD);
        assertThat(log.logEndOffset()).isEqualTo(5);
    }

    @Test
    void aGapOfCompactionIsTakenBelowTheLeadersHighWatermarkAndKeptOverACrash() throws IOException {
        fetched(batch(0, 1, 5), 1, 0);
        assertThat(((AppendResult.Rejected) fetched(batch(9, 1, 2), 1, 8)).error()).isEqualTo(AppendError.INVALID_RECORD);
        assertThat(fetched(batch(9, 1, 2), 1, 30)).isEqualTo(new AppendResult.Appended(9, 10, -1));
        store.run();
        store.die();
        disk.crash();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.logEndOffset()).isEqualTo(11);
        assertThat(LogReads.offsets(log, 0, 11)).containsExactly(0L, 1L, 2L, 3L, 4L, 9L, 10L);
    }

    @Test
    void anEpochThatGotNoRecordIsForgottenByTheTruncationThatCutsNothing() {
        fetched(batch(0, 3, 5), 3, 0);
        log.beginEpoch(6);
        assertThat(log.latestEpoch()).hasValue(6);
        assertThat(log.endOffsetFor(3)).contains(new EpochEnd(3, 5));
        assertThat(log.endOffsetFor(5)).contains(new EpochEnd(3, 5));
        store.finish(log.truncateTo(5));
        assertThat(log.latestEpoch()).hasValue(3);
    }

    @Test
    void highWatermarksAreSavedOfReplicatedLogsAndNeverExceedTheLog() throws IOException {
        fetched(batch(0, 3, 5), 3, 0);
        store.run();
        store.store().saveHighWatermarks();
        assertThat(disk.exists(SteppedStore.DIRECTORY.resolve("high-watermarks"))).as("not replicated").isFalse();
        log.noteHighWatermark(4);
        store.store().saveHighWatermarks();
        store.die();
        disk.crash();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.savedHighWatermark()).isEqualTo(4);
        log.noteHighWatermark(5);
        assertThat(store.close()).isTrue();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.savedHighWatermark()).isEqualTo(5);
        store.finish(log.truncateTo(0));
        assertThat(log.savedHighWatermark()).isZero();
        store.finish(log.truncateFullyAndStartAt(7).thenCompose(done -> log.advanceLogStart(7)));
        assertThat(log.savedHighWatermark()).isEqualTo(7);
    }

    @Test
    void damagedHighWatermarksAreNone() throws IOException {
        log.noteHighWatermark(0);
        fetched(batch(0, 3, 5), 3, 0);
        log.noteHighWatermark(5);
        assertThat(store.close()).isTrue();
        disk.cut(SteppedStore.DIRECTORY.resolve("high-watermarks"), 7);
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.savedHighWatermark()).isZero();
    }
}
