package io.firn.retention;

import io.firn.cold.SegmentRecords;
import io.firn.cold.SegmentSource;
import io.firn.hot.AbortedTransaction;
import io.firn.retention.compaction.BatchSink;
import io.firn.retention.compaction.EmptyBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A compacted segment on its way from the pass to the bucket: log bytes in a scratch file, indexes in memory, made while the batches come in.
 *
 * <pre>
 *   pass ──batch, batch, …──▶ scratch file          offset index   an entry every indexIntervalBytes: last offset of the batch (relative), its position
 *                                └──upload──▶ bucket time index     beside it: largest timestamp so far, base offset of its batch (relative)
 *                                                   transactions   of the aborted ones whose marker is in here
 * </pre>
 *
 * <p>It stands for the whole range of the segments it is made from. When their last batch is gone without a trace, {@link #finish} ends it with a batch that has no records, only the offsets up
 * to the range's end: so nobody reads into a gap at the end of the cold tier, and a segment of which nothing is left is one all the same.
 *
 * <p>Limits: memory for indexes, some bytes an index interval. Threading: written by the thread of the compaction, then read by upload threads.
 */
final class RewrittenSegment implements BatchSink, SegmentSource, AutoCloseable {
    private static final int OFFSET_ENTRY_BYTES = 8;
    private static final int TIME_ENTRY_BYTES = 12;
    private static final int TRANSACTION_ENTRY_BYTES = 34;
    private static final int LEADER_EPOCH_AT = 12;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int MAX_TIMESTAMP_AT = 35;
    private static final int RECORD_COUNT_AT = 57;

    private final ScratchSpace.Scratch scratch;
    private final long baseOffset;
    private final int indexIntervalBytes;
    private final ByteArrayOutputStream offsets = new ByteArrayOutputStream();
    private final ByteArrayOutputStream times = new ByteArrayOutputStream();
    private final ByteArrayOutputStream transactions = new ByteArrayOutputStream();
    private ByteBuffer leaderEpochs = ByteBuffer.allocate(0);
    private ByteBuffer producerSnapshot = ByteBuffer.allocate(0);
    private long sizeBytes;
    private long indexedAt;
    private long batchesEnd;
    private long nextOffset;
    private long maxTimestampMs = -1;
    private long maxTimestampOffset;
    private int leaderEpoch;

    RewrittenSegment(ScratchSpace.Scratch scratch, long baseOffset, int indexIntervalBytes) {
        this.scratch = scratch;
        this.baseOffset = baseOffset;
        this.batchesEnd = baseOffset;
        this.nextOffset = baseOffset;
        this.indexIntervalBytes = indexIntervalBytes;
    }

    @Override
    public void batch(ByteBuffer batch) throws IOException {
        long base = batch.getLong(batch.position());
        long last = base + batch.getInt(batch.position() + LAST_OFFSET_DELTA_AT);
        leaderEpoch = batch.getInt(batch.position() + LEADER_EPOCH_AT);
        long timestampMs = batch.getInt(batch.position() + RECORD_COUNT_AT) == 0 ? -1 : batch.getLong(batch.position() + MAX_TIMESTAMP_AT);
        if (timestampMs > maxTimestampMs) {
            maxTimestampMs = timestampMs;
            maxTimestampOffset = base;
        }
        if (sizeBytes - indexedAt > indexIntervalBytes) {
            offsets.writeBytes(ByteBuffer.allocate(OFFSET_ENTRY_BYTES).putInt(relative(last)).putInt((int) sizeBytes).array());
            times.writeBytes(ByteBuffer.allocate(TIME_ENTRY_BYTES).putLong(maxTimestampMs).putInt(relative(maxTimestampOffset)).array());
            indexedAt = sizeBytes;
        }
        sizeBytes += batch.remaining();
        batchesEnd = last + 1;
        scratch.append(batch);
    }

    private int relative(long offset) {
        return Math.toIntExact(offset - baseOffset);
    }

    @Override
    public void aborted(AbortedTransaction aborted) {
        transactions.writeBytes(ByteBuffer.allocate(TRANSACTION_ENTRY_BYTES).putShort((short) 0).putLong(aborted.producerId()).putLong(aborted.firstOffset())
                .putLong(aborted.lastOffset()).putLong(aborted.lastStableOffset()).array());
    }

    /** All batches of the last segment of the group have been given; that segment says what is to be known at the end. */
    void finish(SegmentRecords last) throws IOException {
        finish(last.nextOffset(), last.leaderEpochs(), last.producerSnapshot());
    }

    /** As above, of one that ends at {@code end}. */
    void finish(long end, ByteBuffer epochsAtEnd, ByteBuffer producersAtEnd) throws IOException {
        nextOffset = end;
        leaderEpochs = epochsAtEnd;
        producerSnapshot = producersAtEnd;
        if (batchesEnd < nextOffset) {
            batch(EmptyBatch.over(batchesEnd, nextOffset, leaderEpoch));
        }
    }

    @Override
    public long baseOffset() {
        return baseOffset;
    }

    @Override
    public long nextOffset() {
        return nextOffset;
    }

    @Override
    public long logSizeBytes() {
        return sizeBytes;
    }

    @Override
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    @Override
    public int readLog(long position, ByteBuffer target) throws IOException {
        return scratch.read(target, position);
    }

    @Override
    public ByteBuffer offsetIndex() {
        return ByteBuffer.wrap(offsets.toByteArray());
    }

    @Override
    public ByteBuffer timeIndex() {
        return ByteBuffer.wrap(times.toByteArray());
    }

    @Override
    public ByteBuffer transactionIndex() {
        return ByteBuffer.wrap(transactions.toByteArray());
    }

    @Override
    public ByteBuffer leaderEpochs() {
        return leaderEpochs.duplicate();
    }

    @Override
    public ByteBuffer producerSnapshot() {
        return producerSnapshot.duplicate();
    }

    /** Deletes the file; not before the last read. */
    @Override
    public void close() {
        scratch.close();
    }
}
