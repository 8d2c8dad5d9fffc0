package io.firn.cold;

/**
 * What a check of partitions has found.
 *
 * @param partitions that were looked at
 * @param segments live ones
 * @param logBytes of them
 * @param problems damage: each was told as a line of its own
 * @param orphans objects that no manifest names; they cost space, and harm nothing
 * @param orphanBytes of them
 * @param pendingDeletions objects that were dropped and await the end of their grace period
 */
public record BucketVerdict(int partitions, long segments, long logBytes, long problems, long orphans, long orphanBytes, long pendingDeletions) {

    /** Of no partition. */
    public static final BucketVerdict NOTHING = new BucketVerdict(0, 0, 0, 0, 0, 0, 0);

    /** Of both. */
    public BucketVerdict plus(BucketVerdict other) {
        return new BucketVerdict(partitions + other.partitions, segments + other.segments, logBytes + other.logBytes, problems + other.problems, orphans + other.orphans,
                orphanBytes + other.orphanBytes, pendingDeletions + other.pendingDeletions);
    }
}
