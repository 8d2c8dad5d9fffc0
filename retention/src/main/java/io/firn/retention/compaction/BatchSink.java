package io.firn.retention.compaction;

import io.firn.hot.AbortedTransaction;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where rewritten batches go. Called by the thread of the pass; may block. An exception ends the pass. */
public interface BatchSink {

    /** Takes one whole batch, sound and above all before it. {@code batch} is the sink's until it returns. */
    void batch(ByteBuffer batch) throws IOException;

    /** The batch just taken is the marker of this aborted transaction, which the transaction index has to name as long as the marker is there. */
    void aborted(AbortedTransaction aborted) throws IOException;
}
