package io.firn.retention;

import java.util.function.LongSupplier;

/**
 * Settings of the background work.
 *
 * @param checkIntervalMs time between two looks at a partition
 * @param uploadBytesPerSecond upper bound of the offload rate over all partitions; 0 is no bound
 * @param diskWatermarkBytes free bytes of the disk below which produce is rejected
 * @param usableBytes free bytes of the disk now
 */
public record RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes) {}
