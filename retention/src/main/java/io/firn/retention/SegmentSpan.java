package io.firn.retention;

import io.firn.cold.ColdStretch;
import io.firn.hot.SealedSegment;

/**
 * One segment of either tier, or many successive ones of the cold tier that retention takes as one, as far as retention cares. Immutable.
 *
 * @param baseOffset offset of the first record
 * @param nextOffset offset after the last record
 * @param sizeBytes bytes of record batches
 * @param newestMs largest record timestamp; where no record has one, when the segment was last written (Unix milliseconds)
 */
record SegmentSpan(long baseOffset, long nextOffset, long sizeBytes, long newestMs) {

    SegmentSpan {
        if (baseOffset < 0 || nextOffset <= baseOffset || sizeBytes < 0) {
            throw new IllegalArgumentException("no segment: [" + baseOffset + ", " + nextOffset + ") of " + sizeBytes + " bytes");
        }
    }

    static SegmentSpan of(SealedSegment segment) {
        long newestMs = segment.maxTimestampMs() >= 0 ? segment.maxTimestampMs() : segment.lastModifiedMs();
        return new SegmentSpan(segment.baseOffset(), segment.nextOffset(), segment.sizeBytes(), newestMs);
    }

    static SegmentSpan of(ColdStretch stretch) {
        return new SegmentSpan(stretch.baseOffset(), stretch.nextOffset(), stretch.logSizeBytes(), stretch.newestMs());
    }

    /** Whether the newest record is older than {@code retentionMs}; never when that is negative (for ever). */
    boolean expired(long retentionMs, long nowMs) {
        return retentionMs >= 0 && nowMs - newestMs > retentionMs;
    }
}
