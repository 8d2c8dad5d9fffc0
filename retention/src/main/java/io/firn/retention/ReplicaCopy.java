package io.firn.retention;

import io.firn.cold.ColdSegment;
import io.firn.cold.SegmentRecords;
import io.firn.hot.AbortedTransaction;
import io.firn.retention.compaction.BatchSink;
import io.firn.retention.compaction.SegmentCopy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Brings the batches of one segment's range out of another broker's local log, from front to end, each checked: length, magic, CRC, place in the range.
 *
 * <p>Asked is never for more bytes than the segment has left, and an answer that brings more, or nothing, ends it: it cannot be the same log.
 *
 * <p>Limits: one answer of {@link #MOST_AT_ONCE_BYTES}, or one batch, in memory; the rate of the scrub; room on the disk for the rest. Threading: confined to the thread of the scrub, which waits in here for its turn and for the other broker.
 */
final class ReplicaCopy {
    static final int MOST_AT_ONCE_BYTES = 1 << 20;
    private static final int LAST_OFFSET_DELTA_AT = 23;

    /**
     * What copies have in common.
     *
     * @param leaderEpoch under which this broker leads
     * @param spareBytes that may be written to the disk now
     * @param turn done when {@code turnBytes} more may be fetched
     */
    record Ground(TopicIdPartition partition, int leaderEpoch, ReplicaLogs replicas, LongSupplier spareBytes, Supplier<CompletableFuture<Void>> turn, long turnBytes, Patience patience, BooleanSupplier cancelled) {}

    private final Ground ground;
    private final int broker;
    private final ColdSegment segment;
    private final BatchSink sink;
    private long nextOffset;
    private long left;
    /** Bytes that may be fetched before the next turn; less than 0 after a batch that was larger. */
    private long paid;

    ReplicaCopy(Ground ground, int broker, ColdSegment segment, BatchSink sink) {
        this.ground = ground;
        this.broker = broker;
        this.segment = segment;
        this.sink = sink;
        this.nextOffset = segment.baseOffset();
        this.left = segment.logSizeBytes();
    }

    /**
     * Why that broker's log will not do; empty when all bytes have been given to the sink.
     *
     * @throws IOException what it sent is not a sound log, or the sink does not take it
     * @throws CancellationException when this broker leads no more
     */
    Optional<String> run() throws IOException {
        while (left > 0) {
            Optional<String> wrong = more();
            if (wrong.isPresent()) {
                return wrong;
            }
        }
        return Optional.empty();
    }

    private Optional<String> more() throws IOException {
        while (paid <= 0) {
            ground.patience().await(ground.turn().get());
            paid += ground.turnBytes();
        }
        int wanted = (int) Math.min(left, Math.min(paid, MOST_AT_ONCE_BYTES));
        if (ground.cancelled().getAsBoolean()) {
            throw new CancellationException("the repair was given up");
        }
        if (ground.spareBytes().getAsLong() < left) {
            return Optional.of("there is no room for " + left + " bytes above twice the disk's watermark");
        }
        ReplicaLogs.Answer answer = ground.patience().await(ground.replicas().read(new ReplicaLogs.Question(broker, ground.partition(), ground.leaderEpoch(), nextOffset, wanted)));
        if (answer instanceof ReplicaLogs.Answer.None none) {
            return Optional.of(none.why());
        }
        ByteBuffer batches = ((ReplicaLogs.Answer.Batches) answer).bytes();
        if (!batches.hasRemaining() || batches.remaining() > left) {
            return Optional.of("it has " + batches.remaining() + " bytes from offset " + nextOffset + ", where the object has " + left + " left");
        }
        SegmentCopy.copy(new Piece(nextOffset, segment.nextOffset(), batches), counting(), ground.cancelled());
        left -= batches.remaining();
        paid -= batches.remaining();
        return Optional.empty();
    }

    private BatchSink counting() {
        return new BatchSink() {
            @Override
            public void batch(ByteBuffer batch) throws IOException {
                nextOffset = batch.getLong(batch.position()) + batch.getInt(batch.position() + LAST_OFFSET_DELTA_AT) + 1;
                sink.batch(batch);
            }

            @Override
            public void aborted(AbortedTransaction aborted) throws IOException {
                sink.aborted(aborted);
            }
        };
    }

    /** Batches of one answer, to be walked like a segment. */
    private record Piece(long baseOffset, long nextOffset, ByteBuffer batches) implements SegmentRecords {
        @Override
        public long logSizeBytes() {
            return batches.remaining();
        }

        @Override
        public long maxTimestampMs() {
            return -1;
        }

        @Override
        public int readLog(long position, ByteBuffer target) {
            int count = Math.min(target.remaining(), batches.remaining() - (int) position);
            target.put(batches.slice(batches.position() + (int) position, count));
            return count;
        }

        @Override
        public ByteBuffer leaderEpochs() {
            return ByteBuffer.allocate(0);
        }

        @Override
        public ByteBuffer producerSnapshot() {
            return ByteBuffer.allocate(0);
        }
    }
}
