package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.hot.AbortedTransaction;
import io.firn.retention.compaction.SegmentCopy;
import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Puts a run of small segments together: their batches one after the other, as they are, into a scratch file, with indexes made anew, aborted transactions of all of them, leader epochs and producers of the last; uploaded, and swapped in one manifest
 * ({@link ColdLog#replace}).
 *
 * <p><i>On crash</i>: a scratch file, deleted by the next process, or one orphan object; after the swap the old objects are pending deletions.
 *
 * <p>Limits: two chunks of a segment, one batch, one scratch file of the target's size. Threading: confined to the compaction thread, which waits in here for bucket, disk and loop.
 */
final class ColdMerge {

    /**
     * What is to be done.
     *
     * @param run committed segments that follow each other
     */
    record Order(ColdLog cold, List<ColdSegment> run, int indexIntervalBytes) {}

    private final Order order;
    private final ColdChanges changes;
    private final ScratchSpace scratch;
    private final Patience patience;
    private final BooleanSupplier cancelled;

    ColdMerge(Order order, ColdChanges changes, ScratchSpace scratch, Patience patience, BooleanSupplier cancelled) {
        this.order = order;
        this.changes = changes;
        this.scratch = scratch;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /**
     * Whether it is done; no if the segments were replaced or dropped meanwhile.
     *
     * @throws ScratchException the scratch disk fails
     * @throws IOException what the bucket holds is not a sound log
     * @throws ColdStoreException as reads and changes of the cold tier fail
     */
    boolean run() throws IOException {
        try (RewrittenSegment merged = new RewrittenSegment(scratch.create(), order.run().get(0).baseOffset(), order.indexIntervalBytes())) {
            for (int i = 0; i < order.run().size(); i++) {
                ColdSegment segment = order.run().get(i);
                try {
                    take(new ColdSource(patience.await(order.cold().openSegment(segment)), patience), merged, i == order.run().size() - 1);
                } catch (ColdStoreException.Missing e) {
                    if (patience.await(order.cold().isLive(segment))) {
                        throw e; // still committed, and yet not there
                    }
                    return false;
                }
            }
            return patience.await(changes.replace(order.run(), merged)).isPresent();
        }
    }

    private void take(ColdSource source, RewrittenSegment merged, boolean last) throws IOException {
        SegmentCopy.copy(source, merged, cancelled);
        for (AbortedTransaction aborted : source.abortedTransactions()) {
            merged.aborted(aborted);
        }
        if (last) {
            merged.finish(source);
        }
    }
}
