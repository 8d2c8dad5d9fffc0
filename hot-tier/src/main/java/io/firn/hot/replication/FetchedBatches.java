package io.firn.hot.replication;

import io.firn.hot.RecordBuffers;

/**
 * The part of a leader's answer that a follower can append. A leader may begin its answer with batches the follower has (it does not look for the exact place in pages that are not in memory), and cut the last one off.
 *
 * <p>Threading: stateless.
 */
public final class FetchedBatches {

    /** Base offset and length, which count from the batch's first byte; the last offset's delta at 23. */
    private static final int LENGTH_AT = 8;
    private static final int OVERHEAD_BYTES = 12;
    private static final int LAST_DELTA_AT = 23;
    private static final int HEADER_BYTES = 61;

    private FetchedBatches() {}

    /** The whole batches of {@code answer} that reach {@code fromOffset}, as a view of the same bytes. What is not a batch is left in, for the append to refuse. */
    public static RecordBuffers usable(RecordBuffers answer, long fromOffset) {
        int begin = 0;
        int end = 0;
        int size = answer.sizeBytes();
        boolean leading = true;
        while (size - end >= HEADER_BYTES) {
            long bytes = OVERHEAD_BYTES + (long) answer.intAt(end + LENGTH_AT);
            if (bytes < HEADER_BYTES) {
                end = size;
                break;
            }
            if (bytes > size - end) {
                break;
            }
            leading &= answer.longAt(end) + answer.intAt(end + LAST_DELTA_AT) < fromOffset;
            end += (int) bytes;
            begin = leading ? end : begin;
        }
        return begin == 0 && end == size ? answer : answer.slice(begin, end);
    }
}
