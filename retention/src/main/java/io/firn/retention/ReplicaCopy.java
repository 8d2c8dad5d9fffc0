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
import org.apache.kafka.common.record.internal.DefaultRecordBatch;

/**
 * Brings the batches of one segment's range out of another broker's local log, from front to end, each checked: length, magic, CRC, place in the range.
 *
 * <p>Asked is never for more bytes than the segment has left. An answer may go on behind the range, by whole batches: those are left out. One that brings more of the range than is left, or nothing, ends it: it cannot be the same log.
 *
 * <p>Limits: one answer of {@link #MOST_AT_ONCE_BYTES}, or one batch, and what lies up to the next entries of the other log's index, in memory; the rate of the scrub; room on the disk for the rest; a broker that after {@link #SLOW_FOR_MS} of waiting for its answers has brought less than {@link #LEAST_BYTES_PER_SECOND} is passed over. Threading: confined to the thread of the scrub, which waits in here for its turn and for the other broker.
 */
final class ReplicaCopy {
    static final int MOST_AT_ONCE_BYTES = 1 << 20;
    /** Waited for one broker's answers before it is asked how fast it is: a disk that was asleep, or pages that have to be read first, are no reason. */
    static final long SLOW_FOR_MS = 60_000;
    /** Far below what any sound disk and network bring: 35 minutes for a GiB, in which no other partition is looked after. */
    static final long LEAST_BYTES_PER_SECOND = 512 << 10;
    private static final int LENGTH_AT = 8;
    private static final int LOG_OVERHEAD_BYTES = 12;
    private static final int LAST_OFFSET_DELTA_AT = 23;

    /**
     * What copies have in common.
     *
     * @param leaderEpoch under which this broker leads
     * @param spareBytes that may be written to the disk now
     * @param turn asks for one that pays for what has come
     * @param nowMs this broker's clock
     */
    record Ground(TopicIdPartition partition, int leaderEpoch, ReplicaLogs replicas, LongSupplier spareBytes, FetchPace pace, Supplier<CompletableFuture<Void>> turn, LongSupplier nowMs, Patience patience, BooleanSupplier cancelled) {}

    private final Ground ground;
    private final int broker;
    private final ColdSegment segment;
    private final BatchSink sink;
    private long nextOffset;
    private long left;
    /** For answers. */
    private long waitedMs;

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
        if (ground.spareBytes().getAsLong() < left) {
            return Optional.of("there is no room for " + left + " bytes above twice the disk's watermark");
        }
        ground.pace().await(ground.turn(), ground.patience());
        if (ground.cancelled().getAsBoolean()) {
            throw new CancellationException("the repair was given up");
        }
        ReplicaLogs.Answer answer = answer((int) Math.min(left, MOST_AT_ONCE_BYTES));
        if (answer instanceof ReplicaLogs.Answer.None none) {
            return Optional.of(none.why());
        }
        ByteBuffer came = ((ReplicaLogs.Answer.Batches) answer).bytes();
        ground.pace().fetched(came.remaining());
        ByteBuffer batches = within(came);
        if (!batches.hasRemaining() || batches.remaining() > left) {
            return Optional.of("it has " + batches.remaining() + " bytes from offset " + nextOffset + ", where the object has " + left + " left");
        }
        SegmentCopy.copy(new Piece(nextOffset, segment.nextOffset(), batches), counting(), ground.cancelled());
        left -= batches.remaining();
        return tooSlow();
    }

    private ReplicaLogs.Answer answer(int maxBytes) {
        long askedAtMs = ground.nowMs().getAsLong();
        ReplicaLogs.Answer answer = ground.patience().await(ground.replicas().read(new ReplicaLogs.Question(broker, ground.partition(), ground.leaderEpoch(), nextOffset, maxBytes)));
        waitedMs += Math.max(0, ground.nowMs().getAsLong() - askedAtMs);
        return answer;
    }

    private Optional<String> tooSlow() {
        long broughtBytes = segment.logSizeBytes() - left;
        boolean slow = left > 0 && waitedMs > SLOW_FOR_MS && broughtBytes < waitedMs * LEAST_BYTES_PER_SECOND / 1_000;
        return slow ? Optional.of("it has brought " + broughtBytes + " bytes in " + waitedMs + " ms") : Optional.empty();
    }

    /** Without the batches at the end that begin behind the range. What is no batch is left in, to be refused. */
    private ByteBuffer within(ByteBuffer came) {
        int at = came.position();
        while (came.limit() - at >= DefaultRecordBatch.RECORD_BATCH_OVERHEAD && came.getLong(at) < segment.nextOffset()) {
            long size = LOG_OVERHEAD_BYTES + (long) came.getInt(at + LENGTH_AT);
            if (size < DefaultRecordBatch.RECORD_BATCH_OVERHEAD || size > came.limit() - at) {
                return came;
            }
            at += (int) size;
        }
        return came.limit() - at < DefaultRecordBatch.RECORD_BATCH_OVERHEAD ? came : came.slice(came.position(), at - came.position());
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
