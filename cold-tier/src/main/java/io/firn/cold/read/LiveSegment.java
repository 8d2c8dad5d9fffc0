package io.firn.cold.read;

import io.firn.cold.ColdSegment;

/**
 * A segment that can be read.
 *
 * @param hasAbortedTransactions whether its transaction index has entries
 */
public record LiveSegment(ColdSegment facts, boolean hasAbortedTransactions) {

    String key() {
        return facts.key();
    }

    long baseOffset() {
        return facts.baseOffset();
    }

    long nextOffset() {
        return facts.nextOffset();
    }

    long tailBytes() {
        return facts.objectSizeBytes() - facts.logSizeBytes();
    }
}
