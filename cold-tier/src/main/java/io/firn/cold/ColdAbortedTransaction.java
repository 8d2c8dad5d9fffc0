package io.firn.cold;

/** An aborted transaction as the segment's transaction index has it; offsets inclusive as in Kafka's format. */
public record ColdAbortedTransaction(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {}
