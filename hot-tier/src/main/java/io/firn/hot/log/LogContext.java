package io.firn.hot.log;

import io.firn.hot.HotLogConfig;
import io.firn.hot.HotMeters;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.flush.Flusher;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.ScanBuffers;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The surroundings of one log; they stay the same as long as it is open.
 *
 * @param loop where the log's state lives
 * @param io the store's bounded pool, for work that needs no order
 * @param lane the log's own ordered work on that pool
 * @param random for the jitter of {@code segment.ms}; used on the loop and by recovery before the log is handed out
 */
public record LogContext(TopicIdPartition partition, LogDirectory directory, HotStoreConfig store, Executor loop, Executor io, Lane lane, Flusher flusher,
        HotMeters meters, ScanBuffers buffers, InstantSource clock, RandomGenerator random) {

    public ProducerLimits producerLimits() {
        return new ProducerLimits(ProducerLimits.DEFAULT_MAX_PRODUCERS, store.producerIdExpirationMs());
    }

    /** What is taken off {@code segment.ms} for one segment: at random, less than {@code segment.jitter.ms} and than {@code segment.ms} itself. */
    public long jitterMs(HotLogConfig config) {
        long maxMs = Math.min(config.segmentJitterMs(), config.segmentMs());
        return maxMs <= 0 ? 0 : random.nextLong(maxMs);
    }
}
