package io.firn.hot;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One partition's log on local disk.
 *
 * <p>Threading: confined to the event loop it was opened with; every method must be called there and every returned future
 * completes there. Nothing here waits for the disk except the page-cache copy of an append.
 */
public final class HotLog {

    private HotLog() {}

    public TopicIdPartition partition() {
        throw new UnsupportedOperationException();
    }

    /** First offset a client may read, in either tier. */
    public long logStartOffset() {
        throw new UnsupportedOperationException();
    }

    /** First offset that is on the local disk. */
    public long localLogStartOffset() {
        throw new UnsupportedOperationException();
    }

    /** Offset the next record will get (LEO). */
    public long logEndOffset() {
        throw new UnsupportedOperationException();
    }

    /** Every record below this offset is forced to disk; at most the log end offset. */
    public long durableOffset() {
        throw new UnsupportedOperationException();
    }

    /** Offset of the first record of the oldest transaction without a marker below {@code highWatermark}, else {@code highWatermark} (LSO). */
    public long lastStableOffset(long highWatermark) {
        throw new UnsupportedOperationException();
    }

    /** Bytes of all local segments. */
    public long sizeBytes() {
        throw new UnsupportedOperationException();
    }

    public HotLogConfig config() {
        throw new UnsupportedOperationException();
    }

    public void reconfigure(HotLogConfig config) {
        throw new UnsupportedOperationException();
    }

    /** Why the log is offline; empty while it is in service. */
    public Optional<String> offlineReason() {
        throw new UnsupportedOperationException();
    }

    // Writing

    /**
     * Checks and appends {@code batch}, patching base offset, leader epoch (and max timestamp and CRC under LogAppendTime) in
     * place. For {@link AppendOrigin#REPLICATION} the bytes are taken as they are, any number of whole batches.
     *
     * @param nowMs broker's wall clock, Unix milliseconds
     */
    public AppendResult append(RecordBuffers batch, int leaderEpoch, AppendOrigin origin, long nowMs) {
        throw new UnsupportedOperationException();
    }

    /** Done at once when the log takes appends; else when the roll under way has ended (also when it failed: the next append then says why). */
    public CompletableFuture<Void> whenWritable() {
        throw new UnsupportedOperationException();
    }

    /** Called each time {@link #durableOffset()} has advanced, on the loop. One listener; set before the first append. */
    public void onDurable(Runnable listener) {
        throw new UnsupportedOperationException();
    }

    /** Seals the active segment if {@code segment.ms} has passed for it; call it now and then (about once a second). Cheap when there is nothing to do. */
    public void tick(long nowMs) {
        throw new UnsupportedOperationException();
    }

    /** Seals the active segment now, if it holds any record. */
    public CompletableFuture<Void> roll() {
        throw new UnsupportedOperationException();
    }

    // Reading

    /**
     * Finds the bytes from the batch that holds {@code offset}.
     *
     * @param maxBytes most bytes to return, at least 1; cut at a batch boundary where the index knows one
     * @param limitOffset exclusive upper bound: no batch at or above it is returned (high watermark, LSO or log end)
     * @param minOneBatch return the first batch whole even if it is larger than {@code maxBytes}
     */
    public ReadResult read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        throw new UnsupportedOperationException();
    }

    /** Transactions aborted by a marker whose records may lie in {@code [fromOffset, toOffset)}, for a read_committed fetch. */
    public CompletableFuture<List<AbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        throw new UnsupportedOperationException();
    }

    /** The earliest local record whose timestamp is at least {@code timestampMs}, below {@code limitOffset}. Reads files on the I/O pool. */
    public CompletableFuture<Optional<TimestampedOffset>> offsetForTimestamp(long timestampMs, long limitOffset) {
        throw new UnsupportedOperationException();
    }

    /** The local record with the largest timestamp (the earliest such one); empty for an empty log. */
    public CompletableFuture<Optional<TimestampedOffset>> maxTimestamp() {
        throw new UnsupportedOperationException();
    }

    // Epochs

    /** Newest leader epoch that has a record; empty for an empty log without history. */
    public OptionalInt latestEpoch() {
        throw new UnsupportedOperationException();
    }

    /** Largest known epoch not above {@code leaderEpoch}, with its exclusive end offset (KIP-101); empty when unknown. */
    public Optional<EpochEnd> endOffsetFor(int leaderEpoch) {
        throw new UnsupportedOperationException();
    }

    /** Epoch of the record at {@code offset}; empty when unknown. */
    public OptionalInt epochAt(long offset) {
        throw new UnsupportedOperationException();
    }

    // Producers

    /** State of the producers seen in this partition (for DescribeProducers). */
    public List<ProducerView> activeProducers() {
        throw new UnsupportedOperationException();
    }

    // Shrinking

    /** Sealed segments below {@code limitOffset}, oldest first, as immutable views: what may be offloaded or deleted. */
    public List<SealedSegment> sealedSegments(long limitOffset) {
        throw new UnsupportedOperationException();
    }

    /**
     * Raises the log start offset (DeleteRecords, total retention). Persisted before the future completes. Local segments wholly
     * below it are deleted. At most the log end offset; a lower value than the present one changes nothing.
     */
    public CompletableFuture<Void> advanceLogStart(long offset) {
        throw new UnsupportedOperationException();
    }

    /** Deletes sealed local segments that lie wholly below {@code offset}; the log start offset stays. Returns the bytes freed. */
    public CompletableFuture<Long> deleteLocalBefore(long offset) {
        throw new UnsupportedOperationException();
    }

    /** Cuts everything from {@code offset} on (divergence found by leader epoch); rebuilds producer state. Appends wait meanwhile. */
    public CompletableFuture<Void> truncateTo(long offset) {
        throw new UnsupportedOperationException();
    }

    /** Drops everything local and starts empty at {@code offset} (replica that starts at the tier boundary). */
    public CompletableFuture<Void> truncateFullyAndStartAt(long offset) {
        throw new UnsupportedOperationException();
    }
}
