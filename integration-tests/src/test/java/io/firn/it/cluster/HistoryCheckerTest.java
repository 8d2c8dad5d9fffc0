package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cluster.Transactions.End;
import io.firn.it.cluster.Transactions.Id;
import io.firn.it.cluster.Violation.Promise;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** A history without fault has none; each planted one is found, and nothing else. */
class HistoryCheckerTest {

    private static final TopicPartition P = new TopicPartition("numbered", 0);
    private static final TopicPartition Q = new TopicPartition("numbered", 1);

    private final HistoryChecker checker = new HistoryChecker();

    private static Mark mark(int producer, long sequence) {
        return new Mark(producer, sequence);
    }

    /** Producer 0 sends 0 to 9 and has them acknowledged at offsets 100 to 109. */
    private void tenAcknowledged() {
        for (int i = 0; i < 10; i++) {
            checker.sent(P, mark(0, i));
            checker.acknowledged(P, mark(0, i), 100 + i);
        }
    }

    private void log(int from, int to) {
        for (int i = from; i < to; i++) {
            checker.logged(P, 100 + i, mark(0, i));
        }
    }

    private void finds(Promise... promises) {
        assertThat(checker.end()).extracting(Violation::promise).containsExactly(promises);
    }

    @Test
    void aHistoryInWhichEverythingIsThereOnceAndInOrderHasNoViolation() {
        tenAcknowledged();
        checker.sent(P, mark(1, 0));
        checker.sent(P, mark(1, 1));
        checker.sent(Q, mark(0, 0));
        checker.assigned("g", "m", P, 0, 0);
        checker.shown("g", "m", P, 100, mark(0, 0));
        checker.shown("g", "m", P, 101, mark(0, 1));
        checker.commitConfirmed("g", P, 102);
        checker.committedIs("g", P, 102, checker.committed("g", P));
        log(0, 10);
        checker.logged(P, 110, mark(1, 1)); // its record 0 was not acknowledged, and is not there
        checker.logged(Q, 0, mark(0, 0)); // nor was this one, and it is
        finds();
        assertThat(checker.acknowledgedRecords()).isEqualTo(10);
        assertThat(checker.shownRecords()).isEqualTo(2);
    }

    @Test
    void anAcknowledgedRecordThatIsMissingIsFound() {
        tenAcknowledged();
        log(0, 9);
        finds(Promise.ACKNOWLEDGED_IS_KEPT);
        assertThat(checker.soFar().toString()).contains("record 9 of producer 0", "offset 109", "lost");
    }

    @Test
    void anAcknowledgedRecordInTheMiddleThatIsMissingIsFound() {
        tenAcknowledged();
        log(0, 4);
        log(5, 10);
        finds(Promise.ACKNOWLEDGED_IS_KEPT);
    }

    @Test
    void aRecordAtAnotherOffsetThanAcknowledgedIsFound() {
        tenAcknowledged();
        log(0, 9);
        checker.logged(P, 117, mark(0, 9));
        finds(Promise.ACKNOWLEDGED_IS_KEPT);
    }

    @Test
    void aRecordThatIsThereTwiceIsFound() {
        tenAcknowledged();
        log(0, 10);
        checker.logged(P, 110, mark(0, 3));
        finds(Promise.NO_DUPLICATES);
    }

    @Test
    void aProducersRecordsInAnotherOrderAreFound() {
        checker.sent(P, mark(0, 0));
        checker.sent(P, mark(0, 1));
        checker.logged(P, 0, mark(0, 1));
        checker.logged(P, 1, mark(0, 0));
        finds(Promise.ORDER_IS_KEPT);
    }

    @Test
    void aRecordThatNobodySentIsFound() {
        checker.logged(P, 0, mark(0, 0));
        finds(Promise.NOTHING_IS_MADE_UP);
    }

    @Test
    void aRecordShownToAReaderThatIsNotInTheLogIsFound() {
        checker.sent(P, mark(0, 0));
        checker.shown("g", "m", P, 0, mark(0, 0));
        finds(Promise.SHOWN_IS_KEPT);
    }

    @Test
    void twoReadersWhoWereShownDifferentRecordsAtAnOffsetAreFound() {
        checker.sent(P, mark(0, 0));
        checker.sent(P, mark(0, 1));
        checker.shown("g", "m", P, 0, mark(0, 1));
        checker.shown("h", "n", P, 0, mark(0, 0));
        checker.logged(P, 0, mark(0, 1));
        finds(Promise.SHOWN_IS_KEPT);
    }

    @Test
    void aLogThatDiffersFromWhatAReaderWasShownIsFound() {
        checker.sent(P, mark(0, 0));
        checker.sent(P, mark(0, 1));
        checker.shown("g", "m", P, 0, mark(0, 0));
        checker.logged(P, 0, mark(0, 1));
        finds(Promise.SHOWN_IS_KEPT);
    }

    @Test
    void aConsumerThatGoesBackWithinAnAssignmentIsFound() {
        tenAcknowledged();
        log(0, 10);
        checker.assigned("g", "m", P, 100, 0);
        checker.shown("g", "m", P, 103, mark(0, 3));
        checker.shown("g", "m", P, 102, mark(0, 2));
        finds(Promise.POSITIONS_GO_FORWARD);
    }

    @Test
    void aConsumerThatIsGivenAPartitionAnewMayBeShownRecordsAgainFromTheCommittedOffsetOn() {
        tenAcknowledged();
        log(0, 10);
        checker.assigned("g", "m", P, 100, 0);
        checker.shown("g", "m", P, 100, mark(0, 0));
        checker.commitConfirmed("g", P, 101);
        checker.shown("g", "m", P, 101, mark(0, 1));
        checker.assigned("g", "m", P, 101, checker.committed("g", P));
        checker.shown("g", "m", P, 101, mark(0, 1));
        finds();
    }

    @Test
    void aConsumerThatBeginsBelowWhatItsGroupHadCommittedIsFound() {
        checker.commitConfirmed("g", P, 7);
        checker.assigned("g", "n", P, 6, checker.committed("g", P));
        finds(Promise.POSITIONS_GO_FORWARD);
    }

    @Test
    void aCommittedOffsetThatWentBackIsFound() {
        checker.commitConfirmed("g", P, 50);
        checker.committedIs("g", P, 49, checker.committed("g", P));
        finds(Promise.COMMITS_GO_FORWARD);
    }

    @Test
    void aRecordBelowTheCommittedOffsetThatTheGroupWasNeverShownIsFound() {
        tenAcknowledged();
        log(0, 10);
        checker.shown("g", "m", P, 100, mark(0, 0));
        checker.shown("g", "m", P, 102, mark(0, 2));
        checker.shown("h", "n", P, 101, mark(0, 1)); // another group
        checker.commitConfirmed("g", P, 103);
        finds(Promise.GROUPS_MISS_NOTHING);
    }

    // --- transactions -----------------------------------------------------------------------------------------------------------

    private void moved(long number, String topic, long firstOffset, long fromInput, long toInput) {
        for (long input = fromInput; input < toInput; input++) {
            checker.moved(new Id(3, number), topic, firstOffset + input - fromInput, input);
        }
    }

    private void movedToBoth(long number, long fromInput, long toInput) {
        for (String topic : HistoryChecker.OUTPUTS) {
            moved(number, topic, 10 * number, fromInput, toInput);
        }
    }

    private void begun(long number, long firstInput, int count, End... ends) {
        checker.begun(new Id(3, number), firstInput, count);
        for (End end : ends) {
            checker.ended(new Id(3, number), end);
        }
    }

    @Test
    void transactionsThatAreThereWholeOrNotAtAllHaveNoViolation() {
        begun(0, 0, 5, End.UNKNOWN, End.COMMITTED);
        begun(1, 5, 5, End.ABORTED);
        begun(2, 5, 5, End.UNKNOWN);
        begun(3, 5, 2, End.UNKNOWN);
        begun(4, 7, 1);
        movedToBoth(0, 0, 5);
        movedToBoth(3, 5, 7);
        checker.inputCommitted(3, 7);
        finds();
        assertThat(checker.committedTransactions()).isEqualTo(1);
    }

    @Test
    void aCommittedTransactionThatIsMissingInOneOutputIsFound() {
        begun(0, 0, 5, End.COMMITTED);
        moved(0, HistoryChecker.OUTPUTS[0], 0, 0, 5);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void aCommittedTransactionOfWhichARecordIsMissingInBothIsFound() {
        begun(0, 0, 5, End.COMMITTED);
        movedToBoth(0, 0, 4);
        checker.inputCommitted(3, 4);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC, Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void anAbortedTransactionThatIsSeenIsFound() {
        begun(0, 0, 5, End.ABORTED);
        movedToBoth(0, 0, 5);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC, Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void aTransactionOfUnknownEndThatIsInOneOutputOnlyIsFound() {
        begun(0, 0, 5, End.UNKNOWN);
        moved(0, HistoryChecker.OUTPUTS[1], 0, 0, 5);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void aTransactionWhoseCommitWasNeverAskedForAndThatIsSeenIsFound() {
        begun(0, 0, 1);
        movedToBoth(0, 0, 1);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC, Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void inputThatWasMovedTwiceIsFound() {
        begun(0, 0, 5, End.COMMITTED);
        begun(1, 0, 5, End.COMMITTED);
        movedToBoth(0, 0, 5);
        movedToBoth(1, 0, 5);
        assertThat(checker.end()).extracting(Violation::promise).containsOnly(Promise.NO_DUPLICATES);
    }

    @Test
    void offsetsThatWereNotCommittedWithTheirRecordsAreFound() {
        begun(0, 0, 5, End.COMMITTED);
        movedToBoth(0, 0, 5);
        checker.inputCommitted(3, 0);
        finds(Promise.TRANSACTIONS_ARE_ATOMIC, Promise.TRANSACTIONS_ARE_ATOMIC);
    }

    @Test
    void aTransactionThatNobodyBeganIsFound() {
        moved(0, HistoryChecker.OUTPUTS[0], 0, 0, 1);
        finds(Promise.NOTHING_IS_MADE_UP);
    }

    @Test
    void ofManyViolationsOfAKindTheFirstAreToldAndTheOthersCounted() {
        for (int i = 0; i < 1_000; i++) {
            checker.sent(P, mark(0, i));
            checker.acknowledged(P, mark(0, i), i);
        }
        assertThat(checker.end()).hasSize(11).last().hasToString("ACKNOWLEDGED_IS_KEPT: and 990 more");
    }
}
