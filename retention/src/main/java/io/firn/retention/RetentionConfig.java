package io.firn.retention;

import java.util.function.LongSupplier;

/**
 * Settings of the background work.
 *
 * @param checkIntervalMs time between two looks at a partition
 * @param uploadBytesPerSecond upper bound of the offload rate over all partitions; 0 is no bound
 * @param diskWatermarkBytes free bytes of the disk below which produce is rejected
 * @param usableBytes free bytes of the disk now
 * @param uploadsAtOnce partitions that may be uploading at the same time
 * @param compaction what local compaction may use
 * @param mergeBytes most log bytes of a segment that small ones of the cold tier are merged into; 0: they are not merged
 * @param scrub how the objects of the cold tier are looked after
 */
public record RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes,
        int uploadsAtOnce, CompactionLimits compaction, long mergeBytes, ScrubConfig scrub) {

    static final int DEFAULT_UPLOADS_AT_ONCE = 2;

    public RetentionConfig {
        if (checkIntervalMs < 1 || uploadBytesPerSecond < 0 || diskWatermarkBytes < 0 || uploadsAtOnce < 1 || mergeBytes < 0 || mergeBytes > 1 << 30) {
            throw new IllegalArgumentException("retention: check interval " + checkIntervalMs + " ms, upload rate " + uploadBytesPerSecond
                    + " B/s, watermark " + diskWatermarkBytes + " B, uploads " + uploadsAtOnce + ", merged segments of " + mergeBytes + " B");
        }
    }

    /** Without scrub and sweep. */
    public RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes, int uploadsAtOnce, CompactionLimits compaction, long mergeBytes) {
        this(checkIntervalMs, uploadBytesPerSecond, diskWatermarkBytes, usableBytes, uploadsAtOnce, compaction, mergeBytes, ScrubConfig.OFF);
    }

    /** Without merging. */
    public RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes, int uploadsAtOnce, CompactionLimits compaction) {
        this(checkIntervalMs, uploadBytesPerSecond, diskWatermarkBytes, usableBytes, uploadsAtOnce, compaction, 0);
    }

    public RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes, int uploadsAtOnce) {
        this(checkIntervalMs, uploadBytesPerSecond, diskWatermarkBytes, usableBytes, uploadsAtOnce, CompactionLimits.DEFAULT);
    }

    public RetentionConfig(long checkIntervalMs, long uploadBytesPerSecond, long diskWatermarkBytes, LongSupplier usableBytes) {
        this(checkIntervalMs, uploadBytesPerSecond, diskWatermarkBytes, usableBytes, DEFAULT_UPLOADS_AT_ONCE);
    }
}
