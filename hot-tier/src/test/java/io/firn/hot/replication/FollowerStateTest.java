package io.firn.hot.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.EpochEnd;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.Batches;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.replication.FetchReply.Diverging;
import io.firn.hot.replication.FetchReply.Failed;
import io.firn.hot.replication.FetchReply.Records;
import io.firn.hot.replication.FollowerStep.Append;
import io.firn.hot.replication.FollowerStep.None;
import io.firn.hot.replication.FollowerStep.StartAt;
import io.firn.hot.replication.FollowerStep.StartAtTierBoundary;
import io.firn.hot.replication.FollowerStep.Truncate;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

final class FollowerStateTest {

    private static final LeaderEpochs EPOCHS = LeaderEpochs.EMPTY.assign(1, 0).assign(3, 40).assign(4, 70);

    private final FollowerState follower = new FollowerState(2, 6, 60);
    private final LogFacts log = log(100);

    private static LogFacts log(long end) {
        return new LogFacts(0, end, end, EPOCHS);
    }

    private FetchPosition ask() {
        return follower.next(log, 0).orElseThrow();
    }

    private static RecordBuffers batch(long base) {
        return RecordBuffers.of(Batches.plain(base, 3, 1));
    }

    @Test
    void itAsksFromItsEndWithTheEpochOfItsLastRecordOnceAtATime() {
        assertThat(ask()).isEqualTo(new FetchPosition(2, 6, 100, 4, 0));
        assertThat(follower.next(log, 0)).isEmpty();
    }

    @Test
    void itAsksForMoreOnlyWhenWhatItHasIsDurable() {
        assertThat(follower.next(new LogFacts(0, 100, 99, EPOCHS), 0)).isEmpty();
        assertThat(follower.next(log, 0)).isPresent();
    }

    @Test
    void recordsAreAppendedAndTheHighWatermarkFollowsTheLeadersWithinTheLog() {
        FollowerStep step = follower.onReply(new Records(ask(), batch(100), 200, 0), log, 0);
        assertThat(step).isInstanceOf(Append.class);
        assertThat(follower.next(log, 0)).as("while it appends").isEmpty();
        follower.appended(log(103));
        assertThat(follower.highWatermark()).isEqualTo(103);
        assertThat(follower.next(log(103), 0).orElseThrow().offset()).isEqualTo(103);
    }

    @Test
    void anEmptyAnswerTellsTheHighWatermarkWhichNeverGoesBack() {
        assertThat(follower.onReply(new Records(ask(), RecordBuffers.of(), 80, 0), log, 0)).isInstanceOf(None.class);
        assertThat(follower.highWatermark()).isEqualTo(80);
        follower.onReply(new Records(ask(), RecordBuffers.of(), 30, 0), log, 0);
        assertThat(follower.highWatermark()).isEqualTo(80);
    }

    @Test
    void anAnswerToAnotherQuestionIsIgnored() {
        FetchPosition asked = ask();
        FetchPosition otherEpoch = new FetchPosition(2, 5, asked.offset(), 4, 0);
        FetchPosition otherOffset = new FetchPosition(2, 6, 90, 4, 0);
        assertThat(follower.onReply(new Records(otherEpoch, batch(100), 0, 0), log, 0)).isInstanceOf(None.class);
        assertThat(follower.onReply(new Records(otherOffset, batch(100), 0, 0), log, 0)).isInstanceOf(None.class);
        assertThat(follower.onReply(new Records(asked, batch(100), 0, 0), log, 0)).isInstanceOf(Append.class);
        assertThat(follower.onReply(new Records(asked, batch(100), 0, 0), log, 0)).as("twice").isInstanceOf(None.class);
    }

    @Test
    void itCutsWhereItsEpochEndsAtTheLeader() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(4, 85), 0), log, 0)).isEqualTo(new Truncate(85, 0));
        follower.changed(log(85));
        assertThat(follower.next(log(85), 0).orElseThrow().offset()).isEqualTo(85);
    }

    @Test
    void itCutsAtTheEndOfAnEpochThatTheLeaderHasMoreOf() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(3, 90), 0), log, 0)).isEqualTo(new Truncate(70, 0));
    }

    @Test
    void anEpochItDoesNotKnowMakesItCutBehindTheOneBelowAndAskAgain() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(2, 65), 0), log, 0)).isEqualTo(new Truncate(40, 20));
    }

    @Test
    void committedRecordsAreCutOnlyWhenTheLeaderDoesNotHaveThemAndThatIsSaid() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(3, 50), 0), log, 0)).isEqualTo(new Truncate(50, 10));
        follower.changed(log(50));
        assertThat(follower.highWatermark()).isEqualTo(50);
    }

    /** What it would keep was never compared with anything. */
    @Test
    void aCutBelowTheLeadersStartMakesItBeginThere() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(4, 79), 80), log, 0)).isEqualTo(new StartAt(80, 0));
        follower.changed(new LogFacts(80, 80, 80, LeaderEpochs.EMPTY));
        assertThat(follower.next(new LogFacts(80, 80, 80, LeaderEpochs.EMPTY), 0)).contains(new FetchPosition(2, 6, 80, ReplicaFetch.NO_EPOCH, 80));
    }

    @Test
    void aCutAtTheLeadersStartKeepsWhatIsBelow() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(4, 80), 80), log, 0)).isEqualTo(new Truncate(80, 0));
    }

    @Test
    void committedRecordsThatGoWithTheWholeLogAreSaid() {
        assertThat(follower.onReply(new Diverging(ask(), new EpochEnd(1, 10), 45), log, 0)).isEqualTo(new StartAt(45, 15));
    }

    @Test
    void whatTheLeaderHasDeletedMakesItBeginAtTheLeadersStart() {
        assertThat(follower.onReply(new Failed(ask(), FetchError.OFFSET_OUT_OF_RANGE, 150), log, 0)).isEqualTo(new StartAt(150, 0));
    }

    @Test
    void anotherOffsetOutOfRangeIsTriedAgain() {
        assertThat(follower.onReply(new Failed(ask(), FetchError.OFFSET_OUT_OF_RANGE, 20), log, 0)).isInstanceOf(None.class);
        assertThat(follower.next(log, 0)).isEmpty();
        assertThat(follower.next(log, FollowerState.FIRST_BACKOFF_MS)).isPresent();
    }

    @Test
    void whatTheLeaderHasMovedToTheColdTierMakesItBeginAtTheBoundary() {
        assertThat(follower.onReply(new Failed(ask(), FetchError.MOVED_TO_TIERED_STORAGE, -1), log, 0)).isInstanceOf(StartAtTierBoundary.class);
        follower.failed(false, 0);
        assertThat(follower.next(log, FollowerState.FIRST_BACKOFF_MS)).as("the bucket did not answer").isPresent();
    }

    @Test
    void aFencedFollowerWaitsForAnotherPlacement() {
        follower.onReply(new Failed(ask(), FetchError.FENCED_LEADER_EPOCH, -1), log, 0);
        assertThat(follower.next(log, Long.MAX_VALUE)).isEmpty();
        assertThat(follower.isStuck()).isTrue();
    }

    @Test
    void aBrokenLogEndsIt() {
        follower.onReply(new Records(ask(), batch(100), 0, 0), log, 0);
        follower.failed(true, 0);
        assertThat(follower.next(log, Long.MAX_VALUE)).isEmpty();
        assertThat(follower.isStuck()).isTrue();
    }

    @Test
    void failuresAreTriedAgainLessAndLessOften() {
        long now = 0;
        long longest = 0;
        for (int i = 0; i < 10; i++) {
            follower.onReply(new Failed(follower.next(log, now).orElseThrow(), FetchError.UNKNOWN_LEADER_EPOCH, -1), log, now);
            long from = now;
            while (follower.next(log, now).isEmpty()) {
                now++;
            }
            longest = Math.max(longest, now - from);
            follower.lost(new FetchPosition(2, 6, 100, 4, 0), now);
            now += FollowerState.LONGEST_BACKOFF_MS;
        }
        assertThat(longest).isEqualTo(FollowerState.LONGEST_BACKOFF_MS);
        follower.onReply(new Records(follower.next(log, now).orElseThrow(), RecordBuffers.of(), 0, 0), log, now);
        follower.lost(follower.next(log, now).orElseThrow(), now);
        assertThat(follower.next(log, now + FollowerState.FIRST_BACKOFF_MS)).as("it had an answer").isPresent();
    }

    @Test
    void whatAnAnswerHasBesideWholeNewBatchesIsLeftOut() {
        ByteBuffer bytes = ByteBuffer.allocate(2000);
        int first = Batches.plain(94, 3, 1).remaining();
        bytes.put(Batches.plain(94, 3, 1)).put(Batches.plain(97, 3, 1)).put(Batches.plain(100, 3, 1)).put(Batches.plain(103, 3, 1));
        int whole = bytes.position();
        ByteBuffer torn = Batches.plain(106, 3, 1);
        bytes.put(torn.limit(40)).flip();
        RecordBuffers usable = FetchedBatches.usable(RecordBuffers.of(bytes), 100);
        assertThat(usable.sizeBytes()).isEqualTo(whole - 2 * first);
        assertThat(usable.longAt(0)).isEqualTo(100);
        RecordBuffers all = RecordBuffers.of(Batches.plain(100, 3, 1));
        assertThat(FetchedBatches.usable(all, 100)).as("no copy where nothing is to leave out").isSameAs(all);
        assertThat(FetchedBatches.usable(RecordBuffers.of(torn.position(0).limit(40)), 100).sizeBytes()).isZero();
    }
}
