package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreException;
import io.firn.hot.LogStart;
import io.firn.hot.replication.TierBoundary;
import io.firn.hot.replication.TierEnd;
import io.firn.hot.replication.TierUnavailableException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The tier boundary of a partition: the newest manifest, and of the newest segment the leader epochs and producers at its end. It reads the manifest anew each time: the leader moves the boundary without telling.
 * {@link #find}, for one that follows, writes nothing to the bucket and fences no writer; {@link #claim}, for one that is to lead, writes a manifest of its epoch if there is none.
 *
 * <p>The leader keeps on its disk what is not in the cold tier, so a boundary found late is at worst below the leader's local start; the leader then says so, and it is looked up again.
 *
 * <p>Threading: both are called on the loop of the partition and complete there.
 */
public final class ColdBoundary implements TierBoundary {

    /** The epoch of a log that is only looked at. */
    private static final int WRITES_NOTHING = 0;

    private final ColdStore store;
    private final TopicIdPartition partition;
    private final Executor loop;

    public ColdBoundary(ColdStore store, TopicIdPartition partition, Executor loop) {
        this.store = store;
        this.partition = partition;
        this.loop = loop;
    }

    @Override
    public CompletableFuture<Optional<LogStart>> find(BooleanSupplier wanted) {
        return ask(wanted, WRITES_NOTHING, ColdBoundary::end);
    }

    @Override
    public CompletableFuture<TierEnd> claim(int leaderEpoch, BooleanSupplier wanted) {
        return ask(wanted, leaderEpoch, ColdBoundary::claimed);
    }

    private <T> CompletableFuture<T> ask(BooleanSupplier wanted, int leaderEpoch, Function<ColdLog, CompletableFuture<T>> question) {
        if (!wanted.getAsBoolean()) {
            return CompletableFuture.failedFuture(new CancellationException("nobody waits for it any more"));
        }
        return new PartitionLoop(loop).bring(store.openAside(partition, leaderEpoch).thenCompose(question).exceptionallyCompose(failure -> CompletableFuture.failedFuture(told(ColdStoreException.unwrap(failure)))));
    }

    private static Throwable told(Throwable failure) {
        boolean passing = failure instanceof ColdStoreException.Unavailable || failure instanceof ColdStoreException.Uncertain;
        return passing ? new TierUnavailableException(failure.getMessage(), failure) : failure;
    }

    private static CompletableFuture<TierEnd> claimed(ColdLog cold) {
        return cold.claim().thenCompose(fenced -> end(cold)).thenApply(start -> new TierEnd(cold.endOffset(), logStart(cold), start));
    }

    private static CompletableFuture<Optional<LogStart>> end(ColdLog cold) {
        Optional<ColdSegment> newest = cold.newest();
        if (newest.isEmpty()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        return cold.openSegment(newest.get()).thenApply(last -> Optional.of(start(last, logStart(cold))));
    }

    private static long logStart(ColdLog cold) {
        return Math.max(cold.startOffset(), cold.logStartOffset());
    }

    private static LogStart start(ColdSegmentLog last, long logStartOffset) {
        return new LogStart(last.segment().nextOffset(), logStartOffset, ByteBuffer.wrap(last.leaderEpochs().getBytes(StandardCharsets.UTF_8)), last.producerSnapshot());
    }
}
