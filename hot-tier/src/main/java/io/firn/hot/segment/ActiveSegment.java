package io.firn.hot.segment;

import io.firn.hot.HotLogConfig;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.index.OffsetIndex;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.index.TimeIndex;

/**
 * The segment that takes appends: what lies in its file, and when it is to be sealed.
 *
 * <p><i>Invariant</i>: {@link #sizeBytes()} is the end of the last whole batch; bytes behind it in the file are a failed append's.
 *
 * <p>Threading: confined to the loop of the partition (to the recovering thread before that).
 */
public final class ActiveSegment implements Segment {

    private static final long NONE = -1;

    private final SegmentFile file;
    private final SegmentIndexes indexes;
    private final long jitterMs;
    private int sizeBytes;
    private long nextOffset;
    private long firstTimestampMs = NONE;
    private long firstAppendMs = NONE;
    private long lastAppendMs = NONE;

    public ActiveSegment(SegmentFile file, SegmentIndexes indexes, long jitterMs) {
        this.file = file;
        this.indexes = indexes;
        this.jitterMs = jitterMs;
        this.nextOffset = file.baseOffset();
    }

    @Override
    public SegmentFile file() {
        return file;
    }

    @Override
    public OffsetIndex boundaries() {
        return indexes.offsets();
    }

    public SegmentIndexes indexes() {
        return indexes;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public long nextOffset() {
        return nextOffset;
    }

    public boolean isEmpty() {
        return sizeBytes == 0;
    }

    /** Takes over what a clean shutdown left: bytes that are in the file and in the indexes already. */
    public void resume(int sizeBytes, long nextOffset, long firstTimestampMs, long lastModifiedMs) {
        this.sizeBytes = sizeBytes;
        this.nextOffset = nextOffset;
        if (sizeBytes > 0) {
            this.firstTimestampMs = firstTimestampMs;
            this.firstAppendMs = firstTimestampMs == NONE ? lastModifiedMs : Math.min(firstTimestampMs, lastModifiedMs);
            this.lastAppendMs = lastModifiedMs;
        }
    }

    /** Notes a batch whose bytes are in the file at {@link #sizeBytes()}. */
    public void onBatch(BatchHeader batch, int indexIntervalBytes, long nowMs) {
        int size = batch.sizeInBytes();
        indexes.onBatch(batch.lastOffset(), batch.maxTimestamp(), sizeBytes, size, indexIntervalBytes);
        if (isEmpty()) {
            firstTimestampMs = batch.maxTimestamp();
            firstAppendMs = nowMs;
        }
        sizeBytes += size;
        nextOffset = batch.nextOffset();
        lastAppendMs = nowMs;
    }

    /**
     * Whether the segment must be sealed before bytes like these are appended: it would grow too large, it is too old by the
     * records' timestamps (by the clock, if they have none), an index is full, or the offset cannot be told relative to its base.
     */
    public boolean mustRollBefore(int bytes, long lastOffset, long timestampMs, HotLogConfig config, long nowMs) {
        if (!boundaries().canHold(lastOffset)) {
            return true;
        }
        if (isEmpty()) {
            return false;
        }
        long ageMs = firstTimestampMs == NONE ? nowMs - firstAppendMs : timestampMs - firstTimestampMs;
        return sizeBytes > config.segmentBytes() - bytes || ageMs > config.segmentMs() - jitterMs || isIndexFull(config.segmentIndexBytes());
    }

    /** Whether the segment is to be sealed although nothing comes: its first append is older than {@code segment.ms}. */
    public boolean isAged(HotLogConfig config, long nowMs) {
        return !isEmpty() && nowMs - firstAppendMs > config.segmentMs() - jitterMs;
    }

    private boolean isIndexFull(int indexBytes) {
        return indexes.offsets().sizeBytes() > indexBytes - OffsetIndex.ENTRY_BYTES || indexes.times().sizeBytes() > indexBytes - 2 * TimeIndex.ENTRY_BYTES;
    }

    /** The same segment, taking no more appends. Its index files are still to be written. */
    public SealedPart seal() {
        indexes.seal();
        return SealedPart.unsettled(file, indexes, sizeBytes, nextOffset, lastAppendMs);
    }
}
