package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.util.Objects;

/**
 * A live segment as a manifest lists it.
 *
 * @param name makes its key
 * @param nextOffset end of its range of offsets
 * @param logSizeBytes bytes of record batches
 * @param objectSizeBytes bytes of the whole object
 * @param maxTimestampMs largest record timestamp, Unix milliseconds; -1 if none
 * @param offloadedAtMs writer's clock at the commit
 * @param hasAbortedTransactions whether its transaction index has entries
 */
public record SegmentEntry(SegmentName name, long nextOffset, long logSizeBytes, long objectSizeBytes, long maxTimestampMs, long offloadedAtMs,
        boolean hasAbortedTransactions) implements Extent {

    public SegmentEntry {
        Objects.requireNonNull(name, "name");
        if (nextOffset <= name.baseOffset() || logSizeBytes <= 0 || objectSizeBytes <= logSizeBytes) {
            throw new IllegalArgumentException("Segment " + name + " ending at " + nextOffset + ", " + logSizeBytes + " of " + objectSizeBytes + " bytes");
        }
    }

    /** The same, said to have been offloaded at another time: a compacted segment keeps the time of those it replaces. */
    public SegmentEntry offloadedAt(long timeMs) {
        return new SegmentEntry(name, nextOffset, logSizeBytes, objectSizeBytes, maxTimestampMs, timeMs, hasAbortedTransactions);
    }

    @Override
    public long baseOffset() {
        return name.baseOffset();
    }

    @Override
    public long newestMs() {
        return maxTimestampMs >= 0 ? maxTimestampMs : Math.max(0, offloadedAtMs);
    }

    @Override
    public long segmentCount() {
        return 1;
    }
}
