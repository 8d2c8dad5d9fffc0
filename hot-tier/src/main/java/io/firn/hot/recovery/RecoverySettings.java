package io.firn.hot.recovery;

import io.firn.hot.HotLogConfig;
import io.firn.hot.producer.ProducerLimits;
import java.util.concurrent.Executor;

/**
 * What recovery needs beside the directory.
 *
 * @param io where segment files are closed and deleted when their last user lets go
 * @param jitterMs taken off the age at which the active segment is sealed
 * @param nowMs broker's wall clock
 * @param gapsBelow compaction may have left gaps between batches below this offset
 */
public record RecoverySettings(HotLogConfig config, ProducerLimits producerLimits, Executor io, long jitterMs, long nowMs, long gapsBelow) {

    public RecoverySettings(HotLogConfig config, ProducerLimits producerLimits, Executor io, long jitterMs, long nowMs) {
        this(config, producerLimits, io, jitterMs, nowMs, 0);
    }

    RecoverySettings withGapsBelow(long offset) {
        return new RecoverySettings(config, producerLimits, io, jitterMs, nowMs, offset);
    }

    /** Whether a batch may begin at {@code offset} though a lower one is next. */
    boolean mayFollowGap(long offset) {
        return config.compacted() || offset <= gapsBelow;
    }
}
