package io.firn.hot;

/**
 * The last thing a producer wrote that has to outlive compaction, for its sequence or its epoch to be known.
 *
 * @param producerEpoch its newest epoch
 * @param lastOffset offset of the last data record of that epoch; -1 when a marker was the first of the epoch, and nothing came since
 */
public record ProducerLast(long producerId, short producerEpoch, long lastOffset) {}
