package io.firn.gateway.partition;

import io.firn.gateway.codec.CompressionChoice;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.codec.Rewritten;
import io.firn.gateway.partition.Partition.AppendListener;
import io.firn.hot.AppendOrigin;
import io.firn.hot.HotLog;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Appends to a partition that wait their turn. While the log starts a new segment they queue in order behind the first that was told to wait. A batch that is to be rewritten in the topic's codec
 * ({@code compression.type}) queues until the {@link RecompressionPool} is done with it, and whatever comes behind it queues too, so that the order of appends is the order they came in.
 *
 * <p>Needs no limit of its own: each entry is a request that counts against its connection's and its loop's limits.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class AppendQueue {

    private static final class Waiting {
        private final RecordBuffers batch;
        private final AppendOrigin origin;
        private final TransactionTerms terms;
        private final AppendListener listener;
        private final CompressionChoice compression;
        /** Empty until it was done. */
        private Optional<Rewritten> rewritten;

        Waiting(RecordBuffers batch, AppendOrigin origin, TransactionTerms terms, AppendListener listener, CompressionChoice compression) {
            this.batch = batch;
            this.origin = origin;
            this.terms = terms;
            this.listener = listener;
            this.compression = compression;
            this.rewritten = compression.rewrites(batch) ? Optional.empty() : Optional.of(Rewritten.of(batch));
        }
    }

    private final HotLog hot;
    private final RecompressionPool recompression;
    private final Executor loop;
    private final InstantSource clock;
    private final Partition partition;
    private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
    private boolean draining;
    private boolean rewriting;

    AppendQueue(HotLog hot, RecompressionPool recompression, Executor loop, InstantSource clock, Partition partition) {
        this.hot = hot;
        this.recompression = recompression;
        this.loop = loop;
        this.clock = clock;
        this.partition = partition;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    void add(RecordBuffers batch, AppendOrigin origin, TransactionTerms terms, AppendListener listener, CompressionChoice compression) {
        queue.add(new Waiting(batch, origin, terms, listener, compression));
        drainWhenWritable();
    }

    private void drainWhenWritable() {
        if (!draining) {
            draining = true;
            hot.whenWritable().whenComplete((done, failed) -> drain());
        }
    }

    /** {@code draining} stays set meanwhile: what listeners append goes behind what is queued, and does not drain on their stack. */
    private void drain() {
        Waiting next;
        while ((next = queue.peek()) != null && next.rewritten.isPresent()) {
            queue.poll();
            if (!append(next)) {
                queue.addFirst(next);
                draining = false;
                drainWhenWritable();
                return;
            }
        }
        draining = false;
        if (next != null && !rewriting) {
            rewrite(next);
        }
    }

    private boolean append(Waiting next) {
        Rewritten rewritten = next.rewritten.orElseThrow();
        if (rewritten.batch().isPresent()) {
            return partition.tryAppend(rewritten.batch().get(), next.origin, next.terms, next.listener);
        }
        partition.reject(rewritten.rejected().orElseThrow(), next.listener);
        return true;
    }

    /** One batch at a time, the first of the queue: so a partition holds at most one that is larger than it came. */
    private void rewrite(Waiting first) {
        rewriting = true;
        recompression.rewrite(first.batch, hot.config(), first.compression, clock.millis()).thenAcceptAsync(done -> {
            rewriting = false;
            first.rewritten = Optional.of(done);
            drainWhenWritable();
        }, loop);
    }

    /** The partition has left service, and refuses all of them: at once, but for a batch that is being rewritten, when the pool has let go of its bytes. */
    void refuse() {
        Optional<Waiting> held = rewriting ? Optional.ofNullable(queue.poll()) : Optional.empty();
        List<Waiting> refused = List.copyOf(queue);
        queue.clear();
        held.ifPresent(queue::add);
        refused.forEach(append -> partition.tryAppend(append.batch, append.origin, append.terms, append.listener));
    }
}
