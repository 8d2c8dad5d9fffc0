package io.firn.cold;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A sealed segment to be offloaded, as the caller has it. Reads may block; they are made on the cold tier's upload threads.
 * Byte formats are Kafka's own files.
 */
public interface SegmentSource {
    /** First offset of the segment's range: that of the first record, or below it where compaction has removed some. */
    long baseOffset();

    /** End of the segment's range, where the next one begins: the offset after the last record, or above it where compaction has removed some. */
    long nextOffset();

    long logSizeBytes();

    /** Largest record timestamp, Unix milliseconds; -1 if none. */
    long maxTimestampMs();

    /** Reads log bytes from {@code position} until {@code target} is full or the log ends; returns the bytes read. */
    int readLog(long position, ByteBuffer target) throws IOException;

    ByteBuffer offsetIndex() throws IOException;

    ByteBuffer timeIndex() throws IOException;

    /** Empty when the segment has no aborted transactions. */
    ByteBuffer transactionIndex() throws IOException;

    ByteBuffer leaderEpochs() throws IOException;

    ByteBuffer producerSnapshot() throws IOException;
}
