package io.firn.cold;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One partition's committed history in the object store.
 *
 * <p>Threading: thread-safe. Reads may run concurrently with each other and with the one writer; changes ({@link #append},
 * {@link #deleteBefore}) are serialized by the caller: at most one in flight. Futures complete on cold-tier threads.
 *
 * <p>Errors: futures fail with {@link ColdStoreException}.
 */
public final class ColdLog {

    private ColdLog() {}

    public TopicIdPartition partition() {
        throw new UnsupportedOperationException();
    }

    /** First offset in the cold tier; equals {@link #endOffset()} when it is empty. */
    public long startOffset() {
        throw new UnsupportedOperationException();
    }

    /** The tier boundary: first offset that is not in the cold tier; 0 when nothing was ever offloaded. */
    public long endOffset() {
        throw new UnsupportedOperationException();
    }

    /** Log bytes of all committed segments. */
    public long sizeBytes() {
        throw new UnsupportedOperationException();
    }

    /** Committed segments, oldest first. For retention; bounded by the manifest's memory bound. */
    public List<ColdSegment> segments() {
        throw new UnsupportedOperationException();
    }

    // Writing

    /**
     * Uploads {@code source}, checks size and checksum, commits the manifest, and reads the commit back. When the future
     * succeeds the segment survives the loss of the local disk. {@code source.baseOffset()} must be {@link #endOffset()} unless
     * the cold tier is empty. A failure leaves at most an orphan object.
     */
    public CompletableFuture<ColdSegment> append(SegmentSource source) {
        throw new UnsupportedOperationException();
    }

    /** Drops whole segments below {@code offset}: manifest first, objects after the grace period. Returns how many were dropped. */
    public CompletableFuture<Integer> deleteBefore(long offset) {
        throw new UnsupportedOperationException();
    }

    // Reading

    /**
     * Reads batches from the one that holds {@code offset}, out of the cache or by ranged GETs, and reads ahead for this
     * sequence of offsets. Never crosses a segment's end.
     *
     * @param maxBytes most bytes to return; the first batch comes whole even if it is larger when {@code minOneBatch}
     * @param limitOffset exclusive upper bound of the offsets wanted
     */
    public CompletableFuture<ColdRead> read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<List<ColdAbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        throw new UnsupportedOperationException();
    }

    /** The earliest record at or after {@code fromOffset} whose timestamp is at least {@code timestampMs}. */
    public CompletableFuture<Optional<ColdTimestamp>> offsetForTimestamp(long timestampMs, long fromOffset) {
        throw new UnsupportedOperationException();
    }

    /** The record with the largest timestamp (the earliest such one) in the cold tier. */
    public CompletableFuture<Optional<ColdTimestamp>> maxTimestamp() {
        throw new UnsupportedOperationException();
    }

    /** Epoch of the record at {@code offset}. */
    public CompletableFuture<OptionalInt> epochAt(long offset) {
        throw new UnsupportedOperationException();
    }

    /** Leader epochs as of the newest segment, in the text format of Kafka's {@code leader-epoch-checkpoint}; empty when the cold tier is. */
    public CompletableFuture<Optional<String>> leaderEpochs() {
        throw new UnsupportedOperationException();
    }
}
