package io.firn.hot.segment;

import io.firn.hot.index.OffsetIndex;

/** A run of offsets in one file, as readers see it. The active one grows; a sealed one does not. */
public sealed interface Segment permits ActiveSegment, SealedPart {

    SegmentFile file();

    /** Batch boundaries known in memory; for a sealed segment perhaps only some of those in its index file. */
    OffsetIndex boundaries();

    /** Bytes of whole batches. */
    int sizeBytes();

    /** Offset after the last record. */
    long nextOffset();

    default long baseOffset() {
        return file().baseOffset();
    }
}
