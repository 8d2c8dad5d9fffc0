package io.firn.it.bench;

import java.util.List;
import java.util.Map;

/**
 * What {@code firn bench --replay} is to measure, and how much of it.
 *
 * @param parts of {@link ReplayRows#PARTS}
 * @param scale multiplies bytes, samples and seconds
 * @param pacesMib MiB/s that all consumers of a paced replay take together
 * @param settings of the broker beside its defaults
 * @param throughServer whether all that the bucket is asked for goes through the S3 server, ranges of objects too
 */
record ReplayPlan(List<String> parts, int rounds, double scale, List<Integer> delaysMs, List<Integer> partitions, List<Integer> consumers, List<Integer> pacesMib, Map<String, String> settings, boolean throughServer) {

    private static final int MAIN_DELAY_MS = 100;
    private static final int MAIN_PARTITIONS = 16;
    private static final int LEAST_SAMPLES = 30;
    private static final int LEAST_SECONDS = 4;
    private static final int REPLAY_SECONDS = 20;
    private static final long REPLAYED_BYTES = 2L << 30;

    /** What one replay of a topic reads. */
    long replayedBytes() {
        return (long) (REPLAYED_BYTES * scale);
    }

    /** After which a replay is cut off; its speed is that of what it has read. */
    int replaySeconds() {
        return seconds(REPLAY_SECONDS);
    }

    int samples(int full) {
        return (int) Math.max(LEAST_SAMPLES, full * scale);
    }

    int seconds(int full) {
        return (int) Math.max(LEAST_SECONDS, full * scale);
    }

    /** The distance at which all numbers of consumers are measured, and all else. */
    int mainDelayMs() {
        return delaysMs.contains(MAIN_DELAY_MS) ? MAIN_DELAY_MS : delaysMs.get(0);
    }

    /** Of the topic in which everything but speed is measured. */
    int mainPartitions() {
        return partitions.contains(MAIN_PARTITIONS) ? MAIN_PARTITIONS : partitions.get(partitions.size() - 1);
    }
}
