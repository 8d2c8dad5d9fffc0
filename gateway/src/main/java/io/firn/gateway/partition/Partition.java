package io.firn.gateway.partition;

import io.firn.hot.AppendOrigin;
import io.firn.hot.RecordBuffers;
import io.firn.retention.TieredLog;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One partition led by this broker: appends and their acknowledgement, reads up to the high watermark, and who waits for what.
 *
 * <p>Threading: confined to {@link #loop()}; only {@link #id()}, {@link #loop()} and {@link #leaderEpoch()} may be called elsewhere. Callbacks and futures complete on the loop.
 */
public final class Partition {

    private Partition() {}

    public TopicIdPartition id() {
        throw new UnsupportedOperationException();
    }

    /** The event loop that owns this partition; {@code execute} to reach it. */
    public Executor loop() {
        throw new UnsupportedOperationException();
    }

    public int leaderEpoch() {
        throw new UnsupportedOperationException();
    }

    public TieredLog log() {
        throw new UnsupportedOperationException();
    }

    /** Exclusive end of what is committed: readable by read_uncommitted consumers. */
    public long highWatermark() {
        throw new UnsupportedOperationException();
    }

    /** Exclusive end of what read_committed consumers may see (LSO). */
    public long lastStableOffset() {
        throw new UnsupportedOperationException();
    }

    /** Appends behind everything queued before it. The result tells the local append; commitment is waited for with {@link #whenCommitted}. The buffers stay valid until {@code done} is called. */
    public void append(RecordBuffers batch, AppendOrigin origin, AppendListener done) {
        throw new UnsupportedOperationException();
    }

    /** Completes when the high watermark has reached {@code nextOffset} (exclusive end of what was appended), exceptionally when the partition leaves service first. */
    public CompletableFuture<Void> whenCommitted(long nextOffset) {
        throw new UnsupportedOperationException();
    }

    /** Called on the loop with the new high watermark each time it advances, and once at registration. Returns what removes it. */
    public Runnable onHighWatermark(java.util.function.LongConsumer listener) {
        throw new UnsupportedOperationException();
    }

    /** DeleteRecords; completes with the new log start offset. -1 stands for the high watermark. */
    public CompletableFuture<Long> deleteRecordsBefore(long offset) {
        throw new UnsupportedOperationException();
    }

    /** Told on the loop when the append was done or refused. */
    @FunctionalInterface
    public interface AppendListener {
        void done(io.firn.hot.AppendResult result);
    }
}
