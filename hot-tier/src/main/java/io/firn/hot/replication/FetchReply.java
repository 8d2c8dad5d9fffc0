package io.firn.hot.replication;

import io.firn.hot.EpochEnd;
import io.firn.hot.RecordBuffers;

/** What a leader answered to a {@link FetchPosition}. */
public sealed interface FetchReply {

    FetchPosition position();

    /**
     * @param records whole batches from the position on, perhaps none; the last may be cut off, which the receiver has removed
     * @param highWatermark the leader's
     * @param logStartOffset the leader's
     */
    record Records(FetchPosition position, RecordBuffers records, long highWatermark, long logStartOffset) implements FetchReply {}

    /** See {@link FetchVerdict.Diverging}. @param logStartOffset the leader's */
    record Diverging(FetchPosition position, EpochEnd end, long logStartOffset) implements FetchReply {}

    /** @param logStartOffset the leader's, with {@link FetchError#OFFSET_OUT_OF_RANGE}; else -1 */
    record Failed(FetchPosition position, FetchError error, long logStartOffset) implements FetchReply {}
}
