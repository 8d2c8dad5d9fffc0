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
 */
public record RecoverySettings(HotLogConfig config, ProducerLimits producerLimits, Executor io, long jitterMs, long nowMs) {}
