package io.firn.cold.read;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTimestamp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/**
 * Looks for records by something else than their offset: by time, by transaction, by epoch. Segments that cannot hold what is looked for are passed
 * over by what the manifest says of them, without a request; within a segment the indexes tell where to begin.
 *
 * <p>It is no reader: nothing is fetched ahead for it, and a reader that stands where it looks stays there.
 *
 * <p>Immutable; steps run on {@code work}. It copies the bytes it looks into, some dozens of KiB at a time, as batches may have to be decompressed.
 */
public final class RecordSearch {

    /** Read at once while looking for a timestamp: several times the distance of Kafka's index entries. */
    private static final int STEP_BYTES = 64 << 10;

    private final ColdReads reads;
    private final LiveSegments segments;

    public RecordSearch(ColdReads reads, LiveSegments segments) {
        this.reads = reads;
        this.segments = segments;
    }

    /** The earliest record at or after {@code fromOffset} with a timestamp of at least {@code timestampMs}. */
    public CompletableFuture<Optional<ColdTimestamp>> byTimestamp(long timestampMs, long fromOffset) {
        return segments.lookup().withTimestamp(timestampMs, fromOffset).thenCompose(candidate -> {
            if (candidate.isEmpty()) {
                return CompletableFuture.completedFuture(Optional.empty());
            }
            LiveSegment segment = segments.live(candidate.get());
            return inSegment(segment, timestampMs, fromOffset).thenCompose(found -> found.isPresent() ? CompletableFuture.completedFuture(found)
                    : byTimestamp(timestampMs, segment.nextOffset()));
        });
    }

    /** The earliest record of those with the largest timestamp. */
    public CompletableFuture<Optional<ColdTimestamp>> byMaxTimestamp() {
        return segments.lookup().withLargestTimestamp().thenCompose(newest -> newest.map(segments::live)
                .map(segment -> inSegment(segment, segment.facts().maxTimestampMs(), segment.baseOffset())).orElseGet(() -> CompletableFuture.completedFuture(Optional.empty())));
    }

    private CompletableFuture<Optional<ColdTimestamp>> inSegment(LiveSegment segment, long timestampMs, long fromOffset) {
        return reads.indexes(segments.partition(), segment).thenCompose(indexes -> {
            long start = Math.max(Math.max(fromOffset, segment.baseOffset()), indexes.offsetBeforeTimestamp(timestampMs));
            return scan(segment, start, timestampMs, Math.max(fromOffset, segment.baseOffset()));
        });
    }

    private CompletableFuture<Optional<ColdTimestamp>> scan(LiveSegment segment, long offset, long timestampMs, long fromOffset) {
        if (offset >= segment.nextOffset()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        Executor work = reads.threads().work();
        // Not where the read is found done: that may be the caller's own thread, an event loop, which is not to unpack records.
        return reads.read(new ReadRequest(segments, offset, STEP_BYTES, segment.nextOffset(), true, false, work)).thenComposeAsync(run -> {
            Optional<ColdTimestamp> found;
            try {
                found = find(run, timestampMs, fromOffset);
            } finally {
                run.release().run();
            }
            if (found.isPresent() || run.sizeBytes() == 0) {
                return CompletableFuture.completedFuture(found);
            }
            return scan(segment, run.nextOffset(), timestampMs, fromOffset);
        }, work);
    }

    private static Optional<ColdTimestamp> find(BatchRun run, long timestampMs, long fromOffset) {
        ByteBuffer bytes = ByteBuffer.allocate(run.sizeBytes());
        for (ByteBuffer piece : run.buffers()) {
            bytes.put(piece.duplicate());
        }
        try {
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes.flip()).batches()) {
                if (batch.maxTimestamp() >= timestampMs) {
                    for (Record record : batch) {
                        if (record.timestamp() >= timestampMs && record.offset() >= fromOffset) {
                            return Optional.of(new ColdTimestamp(record.timestamp(), record.offset(), batch.partitionLeaderEpoch()));
                        }
                    }
                }
            }
        } catch (KafkaException | IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Records from offset " + run.baseOffset() + " cannot be read", e);
        }
        return Optional.empty();
    }

    /**
     * Aborted transactions with records in {@code [fromOffset, toOffset)}. A transaction is indexed in the segment of its marker, which may come after
     * {@code toOffset}; the search ends at the first one whose last stable offset shows that nothing older was open any more.
     */
    public CompletableFuture<List<ColdAbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        return collect(Math.max(fromOffset, segments.startOffset()), fromOffset, toOffset, new ArrayList<>());
    }

    private CompletableFuture<List<ColdAbortedTransaction>> collect(long at, long fromOffset, long toOffset, List<ColdAbortedTransaction> found) {
        return segments.lookup().withAbortedTransactions(at).thenCompose(candidate -> {
            if (candidate.isEmpty()) {
                return CompletableFuture.completedFuture(found);
            }
            LiveSegment segment = segments.live(candidate.get());
            return reads.indexes(segments.partition(), segment)
                    .thenCompose(indexes -> select(indexes.abortedTransactions(), fromOffset, toOffset, found) ? CompletableFuture.completedFuture(found)
                            : collect(segment.nextOffset(), fromOffset, toOffset, found));
        });
    }

    /** Whether the search is over. */
    private static boolean select(List<ColdAbortedTransaction> candidates, long fromOffset, long toOffset, List<ColdAbortedTransaction> found) {
        for (ColdAbortedTransaction candidate : candidates) {
            if (candidate.lastOffset() >= fromOffset && candidate.firstOffset() < toOffset) {
                found.add(candidate);
            }
            if (candidate.lastStableOffset() >= toOffset) {
                return true;
            }
        }
        return false;
    }

    /** Leader epoch of the record at {@code offset}; empty if that is not in the cold tier or older than the epochs known. */
    public CompletableFuture<OptionalInt> epochAt(long offset) {
        return segments.lookup().at(offset).thenCompose(segment -> segment.isEmpty() ? CompletableFuture.completedFuture(OptionalInt.empty())
                : reads.indexes(segments.partition(), segments.live(segment.get())).thenApply(indexes -> LeaderEpochs.parse(indexes.leaderEpochs()).at(offset)));
    }

    /** The leader epochs as of the newest segment, in Kafka's text format. */
    public CompletableFuture<Optional<String>> leaderEpochs() {
        return segments.lookup().content().newest().map(segments::live).map(newest -> reads.indexes(segments.partition(), newest).thenApply(indexes -> Optional.of(indexes.leaderEpochs())))
                .orElseGet(() -> CompletableFuture.completedFuture(Optional.empty()));
    }
}
