package io.firn.gateway.sizing;

import java.time.Duration;

/**
 * What is asked of a cluster. Immutable.
 *
 * @param megabytesPerSecond produced in all, as batches come: after the producers' compression
 * @param retention how long records are kept at all; of a topic that is kept for ever, the age of which the costs are asked
 * @param localRetention how long they are kept on local disks too
 * @param outageReserve how long the bucket may be away without producers noticing: as long nothing leaves the disks
 * @param replicas of each partition
 * @param consumers how often each record is read while it is new
 * @param coldMegabytesPerSecond read from the bucket, on average
 * @param partitions that the load is spread over
 * @param segmentBytes {@code segment.bytes} of the topics
 * @param segmentAge {@code segment.ms} of the topics
 * @param rackAware whether consumers say {@code client.rack}, and read from a replica in their own zone
 */
public record Workload(double megabytesPerSecond, Duration retention, Duration localRetention, Duration outageReserve, int replicas, double consumers, double coldMegabytesPerSecond, int partitions,
        long segmentBytes, Duration segmentAge, boolean rackAware) {

    /** A megabyte is 1 000 000 bytes. */
    static final double MEGABYTE = 1e6;

    public Workload {
        require(megabytesPerSecond > 0 && megabytesPerSecond <= 1e6, "the rate must be more than 0 and at most 1000000 MB/s");
        require(positive(retention) && positive(localRetention) && positive(segmentAge), "durations must be more than 0");
        require(!outageReserve.isNegative(), "the outage reserve must not be negative");
        require(localRetention.compareTo(retention) <= 0, "records cannot be kept on local disks for longer than at all");
        require(replicas >= 1 && replicas <= 100, "there are 1 to 100 replicas");
        require(consumers >= 0 && consumers <= 10_000, "each record is read 0 to 10000 times while it is new");
        require(coldMegabytesPerSecond >= 0 && coldMegabytesPerSecond <= 1e6, "what is read from the bucket must not be negative, and is at most 1000000 MB/s");
        require(partitions >= 1 && partitions <= 10_000_000, "there are 1 to 10000000 partitions");
        require(segmentBytes >= 1 << 20, "segments have at least 1 MiB");
    }

    private static boolean positive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    double bytesPerSecond() {
        return megabytesPerSecond * MEGABYTE;
    }

    /** What a segment has when it is sealed: by its size, or by its age if its partition is slow. */
    double sealedSegmentBytes() {
        return Math.min(segmentBytes, bytesPerSecond() / partitions * segmentAge.toSeconds());
    }
}
