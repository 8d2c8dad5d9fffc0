package io.firn.cold;

import io.firn.cold.read.BatchRun;
import io.firn.cold.read.RecordSearch;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bytes of record batches from the cold tier, in cache chunks that stay valid until {@link #release()}.
 *
 * <p>The bytes begin and end at a batch boundary. They may be none: when the batch asked for is larger than allowed, or lies above the limit, or when compaction has left no batch from
 * the offset asked for up to the end of the cold tier; then {@link #upperBoundOffset} is that end, and above the offset asked for. Threading: safe to
 * hand over; release from any thread, exactly once. Until then the read counts against the memory that cold reads may hold.
 */
public final class ColdRead {

    private final BatchRun run;
    private final RecordSearch search;
    private final long boundary;
    private final AtomicBoolean taken = new AtomicBoolean();
    private final AtomicBoolean released = new AtomicBoolean();

    /**
     * @param search over the segments the bytes are from
     * @param boundary where those segments end
     */
    ColdRead(BatchRun run, RecordSearch search, long boundary) {
        this.run = run;
        this.search = search;
        this.boundary = boundary;
    }

    public int sizeBytes() {
        return run.sizeBytes();
    }

    /** Base offset of the first batch: at most the offset asked for (which it is if there are no bytes), or above it if that lies in a gap. */
    public long baseOffset() {
        return run.baseOffset();
    }

    /** Exclusive upper bound of the offsets that begin in these bytes: where the next read goes on; the offset asked for if a read of it may give more another time. Used to select aborted transactions. */
    public long upperBoundOffset() {
        return run.nextOffset();
    }

    /** The tier boundary when these bytes were looked for: of markers below it {@link #abortedTransactions} tells. */
    public long boundaryOffset() {
        return boundary;
    }

    /**
     * The aborted transactions with records in these bytes, as the very segments tell that the bytes are from: those of a segment that has replaced one of them since may know nothing of records that are
     * still in these, and no reader must be told of a marker it does not see. Also after the release. Fails with {@link ColdStoreException}.
     */
    public CompletableFuture<List<ColdAbortedTransaction>> abortedTransactions() {
        return search.abortedTransactions(run.baseOffset(), run.nextOffset());
    }

    /** Read-only direct views of the bytes, in order; fresh ones with each call. */
    public ByteBuffer[] buffers() {
        if (taken.compareAndSet(false, true)) {
            run.taken().run();
        }
        ByteBuffer[] views = new ByteBuffer[run.buffers().length];
        for (int i = 0; i < views.length; i++) {
            views[i] = run.buffers()[i].duplicate();
        }
        return views;
    }

    /** Gives the memory back; the buffers must not be touched any more. A second call throws {@link IllegalStateException}. */
    public void release() {
        if (!released.compareAndSet(false, true)) {
            throw new IllegalStateException("A cold read from offset " + run.baseOffset() + " was released twice");
        }
        run.release().run();
    }
}
