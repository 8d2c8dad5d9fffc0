package io.firn.hot;

import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SealedPart;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A segment that takes no more appends: what the offloader copies and retention deletes.
 *
 * <p>Threading: immutable; its reads block on the disk and may be called from any thread but an event loop. Between
 * {@link #retain()} and {@link #release()} the files, and the producer snapshot at its end, stay readable even if the segment, or the
 * whole log, is deleted. {@link #retain()} is called on the log's loop, where the view was got.
 */
public final class SealedSegment {

    private final SealedPart part;
    private final LeaderEpochs epochs;

    SealedSegment(SealedPart part, LeaderEpochs epochs) {
        this.part = part;
        this.epochs = epochs;
    }

    public long baseOffset() {
        return part.baseOffset();
    }

    /** Offset after the last record. */
    public long nextOffset() {
        return part.nextOffset();
    }

    public long sizeBytes() {
        return part.sizeBytes();
    }

    /** Largest record timestamp, Unix milliseconds; -1 if none. */
    public long maxTimestampMs() {
        return part.maxTimestampMs();
    }

    /** Wall-clock time of the last append, for retention of segments without timestamps. */
    public long lastModifiedMs() {
        return part.lastModifiedMs();
    }

    /** Reads log bytes from {@code position} until {@code target} is full or the file ends; returns the bytes read. */
    public int readLog(long position, ByteBuffer target) throws IOException {
        int most = (int) Math.max(0, Math.min(target.remaining(), part.sizeBytes() - position));
        int limit = target.limit();
        target.limit(target.position() + most);
        try {
            return part.file().log().read(target, position);
        } finally {
            target.limit(limit);
        }
    }

    /** The offset index in Kafka's format. */
    public ByteBuffer offsetIndex() throws IOException {
        return part.file().readBeside(LogDirectory.OFFSET_INDEX);
    }

    /** The time index in Kafka's format. */
    public ByteBuffer timeIndex() throws IOException {
        return part.file().readBeside(LogDirectory.TIME_INDEX);
    }

    /** The aborted-transaction index in Kafka's format; empty when there are none. */
    public ByteBuffer transactionIndex() throws IOException {
        return part.hasAborts() ? part.file().readBeside(LogDirectory.TRANSACTION_INDEX) : ByteBuffer.allocate(0);
    }

    /** Leader epochs with their start offsets, from the log's beginning to the end of this segment, in the text format of Kafka's {@code leader-epoch-checkpoint}. */
    public ByteBuffer leaderEpochs() throws IOException {
        return epochs.truncateFromEnd(part.nextOffset()).toText();
    }

    /** Producer state at {@link #nextOffset()}, in Kafka's snapshot format. */
    public ByteBuffer producerSnapshot() throws IOException {
        return part.file().directory().read(LogDirectory.fileName(part.nextOffset(), LogDirectory.SNAPSHOT));
    }

    SealedPart part() {
        return part;
    }

    public SealedSegment retain() {
        part.file().retain();
        return this;
    }

    public void release() {
        part.file().release();
    }
}
