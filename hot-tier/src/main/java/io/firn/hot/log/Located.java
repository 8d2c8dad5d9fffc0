package io.firn.hot.log;

import io.firn.hot.segment.SegmentFile;

/**
 * A range of a segment file that a reader may have.
 *
 * @param askedOffset what the reader asked for
 * @param firstOffset an offset in the first batch, at most the one asked for
 * @param upperBoundOffset no batch of the range begins at or above it
 * @param checked whether the first batch is known to hold the offset asked for; if not, a few batches before it may come first, and the range is to be made {@link #exact} before a reader gets it
 * @param gaps whether offsets may be missing here, so that the first batch may begin above {@code firstOffset}
 * @param resident whether the pages are probably in memory
 */
public record Located(SegmentFile file, int position, int sizeBytes, long askedOffset, long firstOffset, long upperBoundOffset, boolean checked, boolean gaps, boolean resident) {

    /** A part of a range that is checked. */
    public Located part(int from, int bytes) {
        return new Located(file, position + from, bytes, askedOffset, firstOffset, upperBoundOffset, checked, gaps, resident);
    }

    /**
     * This range from the batch that was asked for, now that its pages are read: no byte of it if that batch lies behind the range.
     *
     * @param start where that batch begins in the file
     */
    Located exact(long start, long baseOffset) {
        int from = (int) Math.min(start - position, sizeBytes);
        return new Located(file, position + from, sizeBytes - from, askedOffset, Math.min(askedOffset, baseOffset), upperBoundOffset, true, gaps, true);
    }
}
