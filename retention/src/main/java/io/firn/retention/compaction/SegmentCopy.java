package io.firn.retention.compaction;

import io.firn.cold.SegmentRecords;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Hands on the batches of a segment as they are, each checked on the way. Blocks on the source and the sink. */
public final class SegmentCopy {

    private SegmentCopy() {}

    /**
     * Copies all of it.
     *
     * @param cancelled asked before each batch; once true, it ends with a {@link CancellationException}
     * @throws IOException the segment does not hold sound batches, or the sink fails
     */
    public static void copy(SegmentRecords from, BatchSink to, BooleanSupplier cancelled) throws IOException {
        for (BatchWalk walk = new BatchWalk(from); walk.next(); ) {
            if (cancelled.getAsBoolean()) {
                throw new CancellationException("the copy was given up");
            }
            to.batch(walk.bytes());
        }
    }
}
