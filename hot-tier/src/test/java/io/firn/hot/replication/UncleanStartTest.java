package io.firn.hot.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.CorruptStateException;
import io.firn.hot.LogStart;
import io.firn.hot.Seeds;
import io.firn.hot.epoch.LeaderEpochs;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** With what a leader begins that was not in sync. Logs are written as the epochs of their records. */
final class UncleanStartTest {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private static LeaderEpochs epochs(int[] records) {
        LeaderEpochs epochs = LeaderEpochs.EMPTY;
        for (int i = 0; i < records.length; i++) {
            epochs = epochs.assign(records[i], i);
        }
        return epochs;
    }

    private static TierEnd cold(long logStart, int... records) {
        return new TierEnd(records.length, logStart, Optional.of(new LogStart(records.length, logStart, epochs(records).toText(), NOTHING)));
    }

    private static LogFacts log(int... records) {
        return new LogFacts(0, records.length, records.length, epochs(records));
    }

    private static UncleanStart of(LogFacts log, TierEnd cold) {
        try {
            return UncleanStart.of(log, cold);
        } catch (CorruptStateException e) {
            throw new AssertionError(e);
        }
    }

    private static void beginsAnew(LogFacts log, TierEnd cold, long givenUp) {
        UncleanStart.AtBoundary start = (UncleanStart.AtBoundary) of(log, cold);
        assertThat(start.start().offset()).isEqualTo(cold.offset());
        assertThat(start.start().leaderEpochs()).isEqualTo(cold.start().orElseThrow().leaderEpochs());
        assertThat(start.givenUp()).isEqualTo(givenUp);
    }

    @Test
    void aLogWithTheLastRecordOfTheColdTierIsTakenAsItIs() {
        assertThat(of(log(1, 1, 2, 2), cold(0, 1, 1, 2, 2))).isEqualTo(new UncleanStart.AsItIs(4, 0));
        assertThat(of(log(1, 1, 2, 2, 2, 3), cold(0, 1, 1, 2, 2))).isEqualTo(new UncleanStart.AsItIs(4, 0));
    }

    @Test
    void aLogThatEndsBelowTheColdTierBeginsThereAndGivesNothingUp() {
        beginsAnew(log(1, 1, 2), cold(0, 1, 1, 2, 2), 0);
        beginsAnew(log(1), cold(0, 1, 1, 2, 2), 0);
        beginsAnew(log(), cold(0, 1, 1, 2, 2), 0);
    }

    @Test
    void recordsOfAnotherEpochAtTheSameOffsetsAreGivenUpHoweverFarTheyReach() {
        beginsAnew(log(1, 1, 1, 1), cold(0, 1, 1, 2, 2), 2);
        beginsAnew(log(1, 1, 1, 1, 1, 1, 1), cold(0, 1, 1, 2, 2), 5);
        beginsAnew(log(1, 1, 2, 3, 3), cold(0, 1, 1, 2, 2), 2);
        beginsAnew(log(1, 1, 3, 3, 3), cold(0, 1, 1, 2, 2), 3);
    }

    @Test
    void nothingWasOffloaded() {
        assertThat(of(log(1, 1), TierEnd.NONE)).isEqualTo(new UncleanStart.AsItIs(0, 0));
    }

    @Test
    void offsetsOfRecordsThatWereDeletedFromTheColdTierAreNotGivenOutAgain() {
        TierEnd emptied = new TierEnd(3, 3, Optional.empty());
        assertThat(of(log(1, 1), emptied)).isEqualTo(new UncleanStart.BehindDeleted(3, 2));
        assertThat(of(log(1, 1, 1), emptied)).isEqualTo(new UncleanStart.AsItIs(3, 3));
    }

    @Test
    void recordsThatWereDeletedDoNotComeBackWithALogThatStillHasThem() {
        assertThat(of(log(1, 1, 2, 2, 2), cold(3, 1, 1, 2, 2))).isEqualTo(new UncleanStart.AsItIs(4, 3));
        TierEnd furtherThanOffloaded = new TierEnd(3, 5, Optional.empty());
        assertThat(of(log(1, 1, 1, 1), furtherThanOffloaded)).as("all it has").isEqualTo(new UncleanStart.BehindDeleted(5, 4));
        assertThat(of(log(1, 1, 1, 1, 1, 1), furtherThanOffloaded)).isEqualTo(new UncleanStart.AsItIs(5, 5));
        assertThatThrownBy(() -> new TierEnd(5, 3, Optional.empty())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatWasDeletedStaysDeletedAsFarAsBothAreTheSame() {
        LogFacts deleted = new LogFacts(1, 3, 3, epochs(new int[] {1, 1, 1}).truncateFromStart(1));
        assertThat(((UncleanStart.AtBoundary) of(deleted, cold(0, 1, 1, 1, 1))).start().logStartOffset()).isEqualTo(1);
        assertThat(((UncleanStart.AtBoundary) of(deleted, cold(2, 1, 1, 1, 1))).start().logStartOffset()).isEqualTo(2);
        LogFacts further = new LogFacts(3, 4, 4, epochs(new int[] {1, 1, 1, 1}).truncateFromStart(3));
        assertThat(((UncleanStart.AtBoundary) of(further, cold(0, 1, 1, 2, 2))).start().logStartOffset()).as("records of another history were deleted").isEqualTo(2);
    }

    @Test
    void aLogThatWasBegunBehindTheColdTierStaysThere() {
        assertThat(of(new LogFacts(9, 9, 9, LeaderEpochs.EMPTY), cold(0, 1, 1, 2))).isEqualTo(new UncleanStart.AsItIs(3, 0));
        assertThat(of(new LogFacts(9, 12, 12, LeaderEpochs.EMPTY.assign(3, 9)), cold(0, 1, 1, 2))).as("with records of later epochs").isEqualTo(new UncleanStart.AsItIs(3, 0));
    }

    @Test
    void anEpochThatBeginsWhereTheColdTierEndsHasNoRecordInIt() {
        LeaderEpochs noted = epochs(new int[] {1, 1}).assign(2, 2);
        TierEnd cold = new TierEnd(2, 0, Optional.of(new LogStart(2, 0, noted.toText(), NOTHING)));
        beginsAnew(log(1, 2, 2), cold, 2);
    }

    @Test
    void epochsThatCannotBeReadDecideNothing() {
        TierEnd cold = new TierEnd(2, 0, Optional.of(new LogStart(2, 0, ByteBuffer.wrap(new byte[] {7}), NOTHING)));
        assertThatThrownBy(() -> UncleanStart.of(log(1, 1, 1), cold)).isInstanceOf(CorruptStateException.class);
    }

    /** Two logs that are the same up to some offset, and from there on of different epochs, as elections make them. */
    @Test
    void randomHistoriesAreTakenAsTheyAreOnlyWhenTheyHoldTheWholeColdTier() {
        Seeds.each(2_000, random -> {
            int same = random.nextInt(8);
            int[] ours = new int[same + random.nextInt(6)];
            int[] theirs = new int[Math.max(1, same + random.nextInt(6))];
            int epoch = 0;
            for (int i = 0; i < same; i++) {
                epoch += random.nextInt(2);
                ours[i] = epoch;
                if (i < theirs.length) {
                    theirs[i] = epoch;
                }
            }
            boolean weStay = random.nextBoolean(); // whose log goes on in the last epoch that both have
            goOn(random, ours, same, epoch, weStay, 0);
            goOn(random, theirs, same, epoch, !weStay, 1);
            boolean whole = same >= theirs.length;
            UncleanStart start = of(log(ours), cold(0, theirs));
            assertThat(start instanceof UncleanStart.AsItIs).as("%s with %s", epochs(ours), epochs(theirs)).isEqualTo(whole);
            if (start instanceof UncleanStart.AtBoundary anew) {
                assertThat(anew.givenUp()).as("%s with %s", epochs(ours), epochs(theirs)).isEqualTo(ours.length - same);
            }
        });
    }

    /** On in epochs that the other log never has. @param odd 1 or 0 */
    private static void goOn(Random random, int[] records, int from, int last, boolean stays, int odd) {
        int first = last + 1 + (last + 1 + odd) % 2;
        int epoch = stays ? last : first;
        for (int i = from; i < records.length; i++) {
            records[i] = epoch;
            if (random.nextBoolean()) {
                epoch = epoch < first ? first : epoch + 2;
            }
        }
    }
}
