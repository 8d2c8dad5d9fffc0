package io.firn.hot.log;

import io.firn.hot.segment.SegmentFile;

/**
 * A range of a segment file that a reader may have.
 *
 * @param firstOffset an offset in the first batch, at most the one asked for: its base offset if {@code checked}
 * @param upperBoundOffset no batch of the range begins at or above it
 * @param checked whether the first batch is known to hold the offset asked for; if not, a few batches before it may come first
 * @param gaps whether offsets may be missing here, so that the first batch may begin above {@code firstOffset}
 * @param resident whether the pages are probably in memory
 */
public record Located(SegmentFile file, int position, int sizeBytes, long firstOffset, long upperBoundOffset, boolean checked, boolean gaps,
        boolean resident) {}
