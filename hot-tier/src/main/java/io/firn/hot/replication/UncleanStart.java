package io.firn.hot.replication;

import io.firn.hot.CorruptStateException;
import io.firn.hot.LogStart;
import io.firn.hot.epoch.LeaderEpochs;

/**
 * With which log a replica leads that was not in sync when it was elected. {@link #of} is pure.
 *
 * <p>What is in the cold tier was committed, and stays. The log of such a replica may lack its end; or it may have, at the same offsets, records that it got from a leader whose successors never saw them. Offsets do not tell
 * the one from the other, leader epochs do: two logs with a record of the same epoch at the same offset are the same up to there. So the log is taken as it is only if it has the cold tier's last record, by offset and epoch.
 *
 * <pre>
 *   cold   1 1 1 2 2 2            ends at 6 in epoch 2
 *   log    1 1 1 2 2 2 2 3        as it is
 *   log    1 1 1 2                begins at 6: it lacks two
 *   log    1 1 1 1 1 1 1 1        begins at 6: the last five are of a history that was given up, also what lies above the cold tier's end
 *   log    1 1 1 3 3 3 3          begins at 6: the last four are of another history; that it is of a later epoch does not help, as others have read what the cold tier has
 * </pre>
 *
 * <p>What was deleted stays so. The log starts where the cold tier says at least, which a replica that was away has not heard of; and further on where both agree that it did, if the cold tier has not heard of that yet. Where all
 * that was offloaded is deleted, nobody can tell whose records a log has below the log start: they are deleted, whoever wrote them, and what lies above was never offloaded.
 */
sealed interface UncleanStart {

    /** It has all that is in the cold tier. @param committed all below is committed @param logStartOffset what it has below was deleted */
    record AsItIs(long committed, long logStartOffset) implements UncleanStart {}

    /** Empty where the cold tier ends, with what is to be known of what lies below. @param givenUp so many of its offsets are of no use any more */
    record AtBoundary(LogStart start, long givenUp) implements UncleanStart {}

    /** Empty where the log starts, as all in the cold tier was deleted: all offsets below were given out, and what had them is gone for everybody. @param givenUp so many of its offsets go */
    record BehindDeleted(long offset, long givenUp) implements UncleanStart {}

    /** @throws CorruptStateException when the leader epochs in the cold tier cannot be read */
    static UncleanStart of(LogFacts log, TierEnd cold) throws CorruptStateException {
        if (cold.start().isEmpty()) {
            long deleted = cold.logStartOffset();
            return log.logEndOffset() >= deleted ? new AsItIs(deleted, deleted) : new BehindDeleted(deleted, log.logEndOffset() - log.logStartOffset());
        }
        if (log.epochs().isEmpty() && log.logStartOffset() >= cold.offset()) {
            return new AsItIs(cold.offset(), cold.logStartOffset()); // it was begun where everything below had been deleted
        }
        LogStart start = cold.start().get();
        long agreed = log.epochs().agreesUpTo(log.logEndOffset(), LeaderEpochs.fromText(start.leaderEpochs()).truncateFromEnd(cold.offset()), cold.offset());
        if (agreed == cold.offset()) {
            return new AsItIs(cold.offset(), cold.logStartOffset());
        }
        long logStart = Math.max(start.logStartOffset(), Math.min(log.logStartOffset(), agreed));
        return new AtBoundary(new LogStart(start.offset(), logStart, start.leaderEpochs(), start.producers()), log.logEndOffset() - Math.min(agreed, log.logEndOffset()));
    }
}
