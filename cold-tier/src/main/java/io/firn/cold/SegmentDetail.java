package io.firn.cold;

/** How much {@link BucketInspection} tells of a segment object; each level includes the ones before. */
public enum SegmentDetail {
    /** Footer, sections, leader epochs, aborted and open transactions. Reads the end of the object. */
    SECTIONS,
    /** Every batch of the log. Reads the whole object, and checks every batch and chunk. */
    BATCHES,
    /** Every record. */
    RECORDS
}
