package io.firn.retention.compaction;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.ProducerLast;
import java.util.List;

/**
 * What a pass over a log goes by, as of its beginning. Immutable.
 *
 * @param nowMs Unix milliseconds
 * @param deleteRetentionMs {@code delete.retention.ms}: how long a tombstone or marker stays after it was first found to have nothing left to delete
 * @param fromLogStart whether the pass begins with the first readable record of the log, over both tiers. If not, tombstones and markers stay: they may
 *     speak of records below the pass
 * @param aborted the aborted transactions that overlap the pass, in any order
 * @param producers the last batch of each producer the log remembers
 */
public record PassInput(long nowMs, long deleteRetentionMs, boolean fromLogStart, List<AbortedTransaction> aborted, List<ProducerLast> producers) {

    public PassInput {
        if (deleteRetentionMs < 0) {
            throw new IllegalArgumentException("delete.retention.ms " + deleteRetentionMs);
        }
        aborted = List.copyOf(aborted);
        producers = List.copyOf(producers);
    }
}
