package io.firn.hot;

import java.nio.ByteBuffer;

/**
 * Where a replica begins that takes what lies below from the cold tier, and what it has to know of that.
 *
 * @param offset the tier boundary: first offset that is copied from the leader
 * @param logStartOffset first offset a client may read
 * @param leaderEpochs those that begin below {@code offset}, in the text format of Kafka's {@code leader-epoch-checkpoint}
 * @param producers producer state at {@code offset}, in Kafka's snapshot format
 */
public record LogStart(long offset, long logStartOffset, ByteBuffer leaderEpochs, ByteBuffer producers) {

    public LogStart {
        if (logStartOffset < 0 || offset < logStartOffset) {
            throw new IllegalArgumentException("begin at " + offset + ", log start " + logStartOffset);
        }
    }
}
