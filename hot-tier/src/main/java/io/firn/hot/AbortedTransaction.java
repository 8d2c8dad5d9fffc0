package io.firn.hot;

/**
 * One aborted transaction as an entry of the transaction index.
 *
 * @param producerId the producer
 * @param firstOffset offset of its first record in this partition
 * @param lastOffset offset of its abort marker
 * @param lastStableOffset LSO right after the marker was appended
 */
public record AbortedTransaction(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {}
