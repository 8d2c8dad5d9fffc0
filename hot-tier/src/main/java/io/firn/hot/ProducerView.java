package io.firn.hot;

/**
 * One producer's state in a partition.
 *
 * @param lastSequence -1 when it has only markers
 * @param currentTxnStartOffset first offset of its open transaction, or -1
 */
public record ProducerView(long producerId, int producerEpoch, int lastSequence, long lastTimestampMs, int coordinatorEpoch, long currentTxnStartOffset) {}
