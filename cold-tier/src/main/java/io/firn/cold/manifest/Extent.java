package io.firn.cold.manifest;

/** A stretch of the log as a manifest or a page lists it: one segment, or a page of many. Successive ones follow each other in their ranges of offsets. */
public sealed interface Extent permits SegmentEntry, PageReference {

    long baseOffset();

    long nextOffset();

    /** Bytes of record batches. */
    long logSizeBytes();

    /** Largest record timestamp in it, Unix milliseconds; -1 if none. */
    long maxTimestampMs();

    /** When the newest of its segments was last written, as far as retention by time cares: their largest timestamp, or when they were offloaded where they have none. */
    long newestMs();

    /** Live segments in it. */
    long segmentCount();

    /** Whether any transaction index in it has entries. */
    boolean hasAbortedTransactions();
}
