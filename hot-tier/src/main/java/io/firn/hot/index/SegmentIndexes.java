package io.firn.hot.index;

import io.firn.hot.AbortedTransaction;

/**
 * The indexes of the segment that takes appends, and when they get an entry. The same calls in the same order (from appends,
 * or from a scan of the file) give the same bytes, and the bytes Kafka's {@code LogSegment} gives.
 *
 * <p>Threading: confined to the owner of the segment.
 */
public final class SegmentIndexes {

    private final OffsetIndex offsets;
    private final TimeIndex times;
    private final TransactionIndex transactions;

    private long bytesSinceEntry;
    private long maxTimestampMs;
    private long offsetOfMaxTimestamp;

    public SegmentIndexes(long baseOffset) {
        this(OffsetIndex.empty(baseOffset), TimeIndex.empty(baseOffset), TransactionIndex.empty(baseOffset));
    }

    private SegmentIndexes(OffsetIndex offsets, TimeIndex times, TransactionIndex transactions) {
        this.offsets = offsets;
        this.times = times;
        this.transactions = transactions;
        int last = times.entries() - 1;
        this.maxTimestampMs = last < 0 ? -1 : times.timestampMs(last);
        this.offsetOfMaxTimestamp = last < 0 ? offsets.baseOffset() : times.offset(last);
    }

    /** Goes on with the indexes of a segment that were complete (after {@link #seal()}) when they were written. */
    public static SegmentIndexes of(OffsetIndex offsets, TimeIndex times, TransactionIndex transactions) {
        return new SegmentIndexes(offsets, times, transactions);
    }

    /**
     * Notes a batch of {@code sizeBytes} that begins at {@code position}. An entry points at it when more than
     * {@code indexIntervalBytes} came since the last one.
     */
    public void onBatch(long lastOffset, long batchMaxTimestampMs, int position, int sizeBytes, int indexIntervalBytes) {
        if (batchMaxTimestampMs > maxTimestampMs) {
            maxTimestampMs = batchMaxTimestampMs;
            offsetOfMaxTimestamp = lastOffset;
        }
        if (bytesSinceEntry > indexIntervalBytes) {
            offsets.append(lastOffset, position);
            times.append(maxTimestampMs, offsetOfMaxTimestamp);
            bytesSinceEntry = 0;
        }
        bytesSinceEntry += sizeBytes;
    }

    public void onAborted(AbortedTransaction aborted) {
        transactions.append(aborted);
    }

    /** Adds the last entry of the time index. The segment takes no more batches after this; calling it again changes nothing. */
    public void seal() {
        times.append(maxTimestampMs, offsetOfMaxTimestamp);
    }

    /** Whether no entry tells of a record at or above {@code endOffset}. */
    public boolean endAtOrBelow(long endOffset) {
        return (offsets.entries() == 0 || offsets.offset(offsets.entries() - 1) < endOffset)
                && (times.entries() == 0 || times.offset(times.entries() - 1) < endOffset)
                && (transactions.isEmpty() || transactions.entry(transactions.entries() - 1).lastOffset() < endOffset);
    }

    /** Largest record timestamp so far, Unix milliseconds; -1 if none. */
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    /** Last offset of the first batch that has {@link #maxTimestampMs()}; the base offset if none has. */
    public long offsetOfMaxTimestamp() {
        return offsetOfMaxTimestamp;
    }

    public OffsetIndex offsets() {
        return offsets;
    }

    public TimeIndex times() {
        return times;
    }

    public TransactionIndex transactions() {
        return transactions;
    }
}
