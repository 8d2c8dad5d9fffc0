package io.firn.retention;

/**
 * What local compaction may use, over all partitions.
 *
 * @param threads passes at the same time, each with a table of its own
 * @param memoryBytes most memory for the table of keys of one pass, 24 bytes and a tenth a key. Too small makes a pass cover less of a log, and more of them read the rest
 * @param bytesPerSecond upper bound of bytes read and written; 0 is no bound
 */
public record CompactionLimits(int threads, long memoryBytes, long bytesPerSecond) {
    static final long LEAST_MEMORY_BYTES = 64 << 10;

    public static final CompactionLimits DEFAULT = new CompactionLimits(1, 16 << 20, 0);

    public CompactionLimits {
        if (threads < 1 || memoryBytes < LEAST_MEMORY_BYTES || bytesPerSecond < 0) {
            throw new IllegalArgumentException("compaction: " + threads + " threads, " + memoryBytes + " B of memory, " + bytesPerSecond + " B/s");
        }
    }
}
