package io.firn.cold.segment;

import org.apache.kafka.common.Uuid;

/**
 * What a segment object says about itself.
 *
 * @param baseOffset first offset of its range, ≥ 0
 * @param nextOffset end of its range of offsets
 * @param leaderEpoch epoch of the leader that offloaded it
 * @param maxTimestampMs largest record timestamp, Unix milliseconds; -1 if none
 * @param logSizeBytes bytes of record batches, at least one batch
 * @param chunkBytes bytes of log under one checksum
 */
public record SegmentFacts(Uuid topicId, int partition, long baseOffset, long nextOffset, int leaderEpoch, long maxTimestampMs, long logSizeBytes,
        int chunkBytes) {

    static final int CHUNK_LIMIT_BYTES = 64 << 20;

    public SegmentFacts {
        boolean sane = partition >= 0 && baseOffset >= 0 && nextOffset > baseOffset && leaderEpoch >= 0 && logSizeBytes >= BatchHeader.BYTES && chunkBytes > 0
                && chunkBytes <= CHUNK_LIMIT_BYTES && logSizeBytes / chunkBytes < Integer.MAX_VALUE / Integer.BYTES;
        if (!sane) {
            throw new IllegalArgumentException("Impossible segment " + partition + " [" + baseOffset + "," + nextOffset + ") epoch " + leaderEpoch + ", "
                    + logSizeBytes + " bytes in chunks of " + chunkBytes);
        }
    }

    public int chunkCount() {
        return (int) ((logSizeBytes + chunkBytes - 1) / chunkBytes);
    }
}
