package io.firn.it.bench;

import java.io.IOException;

/**
 * The same records in a topic that is tiered and in one that is not.
 *
 * @param segmentRecords of one partition in a segment, give or take a few
 * @param cold offsets of each partition below it are in the cold tier alone
 * @param base timestamp of offset 0, in milliseconds; each further one is a millisecond younger
 */
record ReplayTopics(String tiered, String hot, int partitions, long segmentRecords, long cold, long base) {

    private static final long MIB = 1L << 20;
    private static final int KIB = 1024;
    /** Fewer than the broker would merge into larger ones meanwhile, unless they are of the largest size. */
    private static final int SEGMENTS = 6;
    private static final long LARGEST_SEGMENT_BYTES = 64 * MIB;
    private static final int RECORDS_PER_BATCH = 64;

    /** Fills both and waits until the cold tier alone has so many bytes of the tiered one. */
    static ReplayTopics fill(ReplayBroker broker, int partitions, long bytes) throws IOException, InterruptedException {
        long segmentBytes = segmentBytes(partitions, bytes);
        long newest = segmentBytes / KIB + RECORDS_PER_BATCH;
        long records = bytes / partitions / KIB + newest;
        long base = System.currentTimeMillis() - records;
        String hot = "hot-" + partitions;
        String tiered = "cold-" + partitions;
        Admins.create(broker.bootstrap(), hot, partitions, broker.peer().hotTopic());
        broker.client().ask("fill " + hot + " " + partitions + " " + records + " " + base);
        Admins.create(broker.bootstrap(), tiered, partitions, broker.peer().tieredTopic((int) segmentBytes));
        broker.client().ask("fill " + tiered + " " + partitions + " " + records + " " + base);
        long cold = Admins.awaitLocalStarts(broker.bootstrap(), tiered, partitions, records - newest);
        return new ReplayTopics(tiered, hot, partitions, segmentBytes / KIB, cold, base);
    }

    static long segmentBytes(int partitions, long bytes) {
        return Math.max(MIB, Math.min(LARGEST_SEGMENT_BYTES, bytes / partitions / SEGMENTS));
    }

    /** Of a partition, in the cold tier alone. */
    long coldSegments() {
        return cold / segmentRecords;
    }

    /** Below which offset so many consumers read: of one partition each reads all, and of several it is less, so that the run does not get longer and longer. */
    long limit(int consumers) {
        return partitions > 1 || consumers == 1 ? cold : Math.min(cold, 2 * cold / consumers);
    }
}
