package io.firn.cold;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A sealed segment as far as it is read: its records, and the state at its end. Reads may block. Byte formats are Kafka's own files. */
public interface SegmentRecords {
    /** First offset of the segment's range: that of the first record, or below it where compaction has removed some. */
    long baseOffset();

    /** End of the segment's range, where the next one begins: the offset after the last record, or above it where compaction has removed some. */
    long nextOffset();

    long logSizeBytes();

    /** Largest record timestamp, Unix milliseconds; -1 if none. */
    long maxTimestampMs();

    /** Reads log bytes from {@code position} until {@code target} is full or the log ends; returns the bytes read. */
    int readLog(long position, ByteBuffer target) throws IOException;

    ByteBuffer leaderEpochs() throws IOException;

    ByteBuffer producerSnapshot() throws IOException;
}
