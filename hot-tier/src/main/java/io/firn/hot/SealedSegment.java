package io.firn.hot;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A segment that takes no more appends: what the offloader copies and retention deletes.
 *
 * <p>Threading: immutable; its reads block on the disk and may be called from any thread but an event loop. Between
 * {@link #retain()} and {@link #release()} the files stay readable even if the segment is deleted from the log.
 */
public final class SealedSegment {

    private SealedSegment() {}

    public long baseOffset() {
        throw new UnsupportedOperationException();
    }

    /** Offset after the last record. */
    public long nextOffset() {
        throw new UnsupportedOperationException();
    }

    public long sizeBytes() {
        throw new UnsupportedOperationException();
    }

    /** Largest record timestamp, Unix milliseconds; -1 if none. */
    public long maxTimestampMs() {
        throw new UnsupportedOperationException();
    }

    /** Wall-clock time of the last append, for retention of segments without timestamps. */
    public long lastModifiedMs() {
        throw new UnsupportedOperationException();
    }

    /** Reads log bytes from {@code position} until {@code target} is full or the file ends; returns the bytes read. */
    public int readLog(long position, ByteBuffer target) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The offset index in Kafka's format. */
    public ByteBuffer offsetIndex() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The time index in Kafka's format. */
    public ByteBuffer timeIndex() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The aborted-transaction index in Kafka's format; empty when there are none. */
    public ByteBuffer transactionIndex() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Leader epochs with their start offsets, from the log's beginning to the end of this segment, in the text format of Kafka's {@code leader-epoch-checkpoint}. */
    public ByteBuffer leaderEpochs() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Producer state at {@link #nextOffset()}, in Kafka's snapshot format. */
    public ByteBuffer producerSnapshot() throws IOException {
        throw new UnsupportedOperationException();
    }

    public SealedSegment retain() {
        throw new UnsupportedOperationException();
    }

    public void release() {
        throw new UnsupportedOperationException();
    }
}
