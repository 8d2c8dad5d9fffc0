package io.firn.gateway.coordinator;

import io.firn.cold.ColdRead;
import io.firn.gateway.partition.Partition;
import io.firn.hot.FileRange;
import io.firn.retention.TieredRead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one log from its start to its end, over both tiers, and replays every record to the coordinator.
 *
 * <p>The whole log is replayed, not only what is committed: a decision that an earlier leader has made and told may lie above the high watermark this broker knows. {@link LogLoader} waits for it.
 *
 * <p>Each {@link #REPORT_EVERY} offsets what was replayed is reported as written and committed, so that the coordinator does not keep in memory whatever the log has made and ended: nobody is answered out
 * of it before the load is over, and a load that fails is thrown away as a whole.
 *
 * <p>On failure (partition leaves service, a log offline, an unreadable batch, no answer in time) the load fails as a whole. The log end is taken once, at the start: nothing is appended while the
 * coordinator loads but what {@link LogWriter} had given up.
 *
 * <p>Threading: confined to the loader's thread, which blocks; the partition is asked on its loop.
 */
final class LogReplay {
    /** Bytes of one read; a larger batch is read whole. */
    private static final int READ_BYTES = 1 << 20;
    private static final long ANSWER_TIMEOUT_MS = 30_000;
    private static final long LOOK_AGAIN_MS = 5;
    private static final int MOST_LOOKS = 1_000;
    /** As Kafka's loader. */
    private static final long REPORT_EVERY = 16_384;
    private static final Logger log = LoggerFactory.getLogger(LogReplay.class);

    private final Partition partition;
    private final Deserializer<CoordinatorRecord> serde;
    private final CoordinatorPlayback<CoordinatorRecord> playback;
    private final BooleanSupplier wanted;
    private ByteBuffer buffer = ByteBuffer.allocate(READ_BYTES);
    private long unknownTypes;
    private long reported;
    private long records;
    private long bytes;

    /** @param wanted asked now and then whether it is worth going on */
    LogReplay(Partition partition, Deserializer<CoordinatorRecord> serde, CoordinatorPlayback<CoordinatorRecord> playback, BooleanSupplier wanted) {
        this.partition = partition;
        this.serde = serde;
        this.playback = playback;
        this.wanted = wanted;
    }

    private record Bounds(long start, long end) {}

    /** Returns the exclusive end of what was to be replayed: the log's end when it began. Of what is not wanted any more a part is missing. */
    long run() throws IOException, InterruptedException {
        Bounds bounds = ask(this::bounds);
        long next = bounds.start();
        while (next < bounds.end() && wanted.getAsBoolean()) {
            next = replay(bytesOf(read(next, bounds.end())), next);
        }
        report(bounds.end());
        if (unknownTypes > 0) {
            log.atWarn().addKeyValue("partition", partition.id()).addKeyValue("records", unknownTypes).log("Records of unknown types were skipped; a newer version may have written them");
        }
        return bounds.end();
    }

    /** Below the end there is something to read, though its place in the file may have to be looked up first. A load that ended before it would forget what was decided there. */
    private TieredRead read(long position, long end) throws InterruptedException {
        Supplier<TieredRead> look = () -> partition.log().read(position, READ_BYTES, end, true);
        TieredRead read = ask(look);
        for (int again = 0; again < MOST_LOOKS && read instanceof TieredRead.AtEnd; again++) {
            read = ask(look, CompletableFuture.delayedExecutor(LOOK_AGAIN_MS, TimeUnit.MILLISECONDS, partition.loop()));
        }
        if (!(read instanceof TieredRead.AtEnd)) {
            return read;
        }
        throw new KafkaStorageException("Nothing found of " + partition.id() + " at offset " + position + ", below its end " + end);
    }

    /** Fails for a log that is offline: it looks empty, and what it holds must not be taken for gone. */
    private Bounds bounds() {
        partition.outOfService().ifPresent(reason -> {
            throw new KafkaStorageException(partition.id() + ": " + reason);
        });
        return new Bounds(partition.log().logStartOffset(), partition.log().hot().logEndOffset());
    }

    long records() {
        return records;
    }

    long bytes() {
        return bytes;
    }

    /** Replays the whole batches in {@code chunk}; returns the offset to read next. */
    private long replay(ByteBuffer chunk, long position) {
        long next = position;
        for (RecordBatch batch : MemoryRecords.readableRecords(chunk).batches()) {
            batch.ensureValid();
            if (batch.lastOffset() >= position) { // a read without prefetch may begin a few batches early
                next = batch.nextOffset();
                replay(batch, position);
                bytes += batch.sizeInBytes();
                if (next - reported >= REPORT_EVERY) {
                    report(next);
                }
            }
        }
        if (next == position) {
            throw new KafkaStorageException("No whole batch of " + partition.id() + " at offset " + position);
        }
        return next;
    }

    private void report(long offset) {
        if (offset > reported) {
            reported = offset;
            playback.updateLastWrittenOffset(offset);
            playback.updateLastCommittedOffset(offset);
        }
    }

    private void replay(RecordBatch batch, long position) {
        for (Record record : batch) {
            if (record.offset() < position) {
                continue;
            }
            records++;
            if (batch.isControlBatch()) {
                replayMarker(batch, record);
            } else {
                replayRecord(batch, record);
            }
        }
    }

    private void replayMarker(RecordBatch batch, Record record) {
        ControlRecordType type = ControlRecordType.parse(record.key());
        if (type == ControlRecordType.COMMIT || type == ControlRecordType.ABORT) {
            playback.replayEndTransactionMarker(batch.producerId(), batch.producerEpoch(), type == ControlRecordType.COMMIT ? TransactionResult.COMMIT : TransactionResult.ABORT);
        }
    }

    private void replayRecord(RecordBatch batch, Record record) {
        CoordinatorRecord value;
        try {
            value = serde.deserialize(record.key(), record.value());
        } catch (Deserializer.UnknownRecordTypeException e) {
            unknownTypes++;
            return;
        }
        playback.replay(record.offset(), batch.producerId(), batch.producerEpoch(), value);
    }

    private ByteBuffer bytesOf(TieredRead read) throws IOException, InterruptedException {
        if (read instanceof TieredRead.Hot hot) {
            return copy(hot.range());
        }
        if (read instanceof TieredRead.Cold cold) {
            return copy(await(cold.read()));
        }
        if (read instanceof TieredRead.Unavailable unavailable) {
            throw new KafkaStorageException(partition.id() + ": " + unavailable.reason());
        }
        if (read instanceof TieredRead.Offline offline) {
            throw new KafkaStorageException(partition.id() + ": " + offline.reason());
        }
        throw new KafkaStorageException(partition.id() + ": log start moved while it was read");
    }

    private ByteBuffer copy(FileRange range) throws IOException {
        try {
            ByteBuffer target = room(range.sizeBytes());
            range.read(0, target);
            return target.flip();
        } finally {
            range.release();
        }
    }

    private ByteBuffer copy(ColdRead read) {
        try {
            ByteBuffer target = room(read.sizeBytes());
            for (ByteBuffer part : read.buffers()) {
                target.put(part.duplicate());
            }
            return target.flip();
        } finally {
            read.release();
        }
    }

    /** The buffer, with room for exactly {@code size} bytes. */
    private ByteBuffer room(int size) {
        if (buffer.capacity() < size) {
            buffer = ByteBuffer.allocate(size);
        }
        return buffer.clear().limit(size);
    }

    private <T> T ask(Supplier<T> question) throws InterruptedException {
        return ask(question, partition.loop());
    }

    private <T> T ask(Supplier<T> question, Executor loop) throws InterruptedException {
        return await(CompletableFuture.supplyAsync(() -> {
            if (partition.retired()) {
                throw new NotLeaderOrFollowerException(partition.id() + " is no longer served here");
            }
            return question.get();
        }, loop));
    }

    private <T> T await(CompletableFuture<T> answer) throws InterruptedException {
        try {
            return answer.get(ANSWER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(false); // a cold read that comes later is given back
            throw new KafkaStorageException(partition.id() + ": no answer within " + ANSWER_TIMEOUT_MS + " ms", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new KafkaStorageException(partition.id().toString(), e.getCause());
        }
    }
}
