package io.firn.retention.compaction;

import io.firn.cold.SegmentRecords;
import io.firn.hot.ProducerLast;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One compaction of a log, from its first segment up to as far as memory reaches.
 *
 * <pre>
 *   log    ├──────── clean ────────┼──────────── dirty ───────────┼── not yet cleanable ──
 *   index                          │ newest offset of each key ──▶│ covered (less, if the table is full)
 *   rewrite│ what a newer record of the index supersedes goes ───▶│
 * </pre>
 *
 * <p>First {@link #index} is given the dirty segments, in order, until it says that it is full; then {@link #rewrite} all segments that begin below {@link #coveredOffset()}, from
 * the first of the pass on, in order. Where segments are replaced in groups, the last one of each is to be named.
 *
 * <table>
 *   <caption>What is kept</caption>
 *   <tr><td>record with key</td><td>if it is the newest, or at or above the covered offset</td></tr>
 *   <tr><td>record without key</td><td>always: it was acknowledged, and nothing supersedes it</td></tr>
 *   <tr><td>newest tombstone</td><td>until the delete horizon, which the first pass that finds it writes into its batch (KIP-534)</td></tr>
 *   <tr><td>record of an aborted transaction</td><td>never</td></tr>
 *   <tr><td>marker</td><td>while a batch of its transaction was there before it in this pass; then until a delete horizon as above. With the newest epoch of a producer: always</td></tr>
 *   <tr><td>last batch of a producer</td><td>always, if only its header (sequence and epoch outlive the records)</td></tr>
 *   <tr><td>last batch of a group of segments</td><td>always, if only its header: so segments follow each other without a gap</td></tr>
 *   <tr><td>batch whose records cannot be read</td><td>always, as it is</td></tr>
 *   <tr><td>anything damaged</td><td>the pass fails</td></tr>
 * </table>
 *
 * <p>Invariants: offsets, sequences, epochs and codec of what is kept do not change; batches stay in order; the newest record of each key survives (but for expired tombstones).
 *
 * <p>Limits: the index of keys ({@link NewestOffsets}), one batch as it was and as it is written, an entry per producer and per aborted transaction. Threading: confined to
 * one thread at a time; blocks on the sources and the sink.
 */
public final class CompactionPass implements AutoCloseable {
    private static final Logger logger = LoggerFactory.getLogger(CompactionPass.class);

    private final PassInput input;
    private final long firstDirtyOffset;
    private final BooleanSupplier cancelled;
    private final NewestOffsets newest;
    private final KeyHash hash = new KeyHash(new SecureRandom());
    private final RecordWalk.Scratch scratch = new RecordWalk.Scratch();
    private final Map<Long, ProducerLast> producers = new HashMap<>();
    private final BitSet kept = new BitSet();
    private Transactions indexed;
    private Transactions rewritten;
    private PassCounts counts = PassCounts.NONE;
    private long coveredOffset;
    private boolean full;
    private boolean changed;

    /**
     * @param firstDirtyOffset records below it were in the index of an earlier pass
     * @param endOffset end of what will be given to {@link #index}
     * @param memoryBytes most memory for the index
     * @param cancelled asked before each batch; once true, the pass ends with a {@link CancellationException}
     */
    public CompactionPass(PassInput input, long firstDirtyOffset, long endOffset, long memoryBytes, BooleanSupplier cancelled) {
        this.input = input;
        this.firstDirtyOffset = firstDirtyOffset;
        this.coveredOffset = firstDirtyOffset;
        this.cancelled = cancelled;
        this.newest = NewestOffsets.of(memoryBytes, Math.max(0, endOffset - firstDirtyOffset));
        input.producers().forEach(last -> producers.put(last.producerId(), last));
    }

    /** Every record below this offset is in the index, or need not be; the next pass begins here. */
    public long coveredOffset() {
        return coveredOffset;
    }

    public PassCounts counts() {
        return counts;
    }

    /** Whether what was written since {@link #beginGroup} differs from what was read. */
    public boolean changed() {
        return changed;
    }

    /** Another group of segments begins: what {@link #changed} speaks of. */
    public void beginGroup() {
        changed = false;
    }

    // First phase

    /** Takes in the next dirty segment. False when there is no room for all its keys: then the phase is over. */
    public boolean index(SegmentRecords segment) throws IOException {
        if (full || rewritten != null) {
            throw new IllegalStateException("the index is " + (full ? "full" : "in use"));
        }
        if (indexed == null) {
            indexed = new Transactions(input.aborted(), segment.baseOffset());
        }
        BatchWalk walk = new BatchWalk(segment);
        while (next(walk)) {
            if (!take(walk.batch())) {
                full = true;
                return false;
            }
            coveredOffset = Math.max(coveredOffset, walk.batch().nextOffset());
        }
        coveredOffset = Math.max(coveredOffset, segment.nextOffset());
        return true;
    }

    private boolean take(DefaultRecordBatch batch) {
        if (batch.isControlBatch()) {
            end(indexed, batch, Control.of(batch));
            return true;
        }
        boolean aborted = indexed.isAborted(batch.isTransactional(), batch.producerId(), batch.lastOffset());
        if (aborted || batch.nextOffset() <= firstDirtyOffset || batch.countOrNull() == 0) {
            return true;
        }
        try {
            RecordWalk.check(batch, scratch); // all of it first: a batch that cannot be read must not supersede anything
            return takeRecords(batch);
        } catch (UnreadableBatchException e) {
            logger.atDebug().addKeyValue("baseOffset", batch.baseOffset()).setCause(e).log("The records of a batch are not indexed");
            return true;
        }
    }

    private boolean takeRecords(DefaultRecordBatch batch) throws UnreadableBatchException {
        try (RecordWalk walk = RecordWalk.of(batch, scratch)) {
            while (walk.next()) {
                walk.key(hash);
                if (walk.hasKey() && walk.offset() >= firstDirtyOffset && !newest.put(hash.high(), hash.low(), walk.offset())) {
                    coveredOffset = walk.offset();
                    return false;
                }
                walk.skip();
            }
        }
        return true;
    }

    // Second phase

    /**
     * Writes the next segment without what is superseded.
     *
     * @param endsGroup whether it is the last segment of its group
     */
    public void rewrite(SegmentRecords segment, boolean endsGroup, BatchSink sink) throws IOException {
        if (rewritten == null) {
            rewritten = new Transactions(input.aborted(), segment.baseOffset());
        }
        BatchWalk walk = new BatchWalk(segment);
        while (next(walk)) {
            boolean last = endsGroup && walk.batch().nextOffset() == segment.nextOffset();
            if (walk.batch().isControlBatch()) {
                rewriteControl(walk.batch(), walk.bytes(), last, sink);
            } else {
                rewriteData(walk.batch(), walk.bytes(), last, sink);
            }
        }
    }

    private void rewriteControl(DefaultRecordBatch batch, ByteBuffer bytes, boolean last, BatchSink sink) throws IOException {
        Control control = Control.of(batch);
        Transactions.Ended ended = end(rewritten, batch, control);
        boolean needed = control == Control.OTHER || control != Control.EMPTY && (ended.hasBatches() || !input.fromLogStart());
        if (needed || control != Control.EMPTY && isNewestEpoch(batch)) {
            write(bytes, sink);
            if (needed && ended.aborted().isPresent()) {
                sink.aborted(ended.aborted().get());
            }
        } else if (control == Control.EMPTY || batch.deleteHorizonMs().orElse(Long.MAX_VALUE) <= input.nowMs()) {
            drop(batch, bytes, false, last, sink);
        } else if (batch.deleteHorizonMs().isPresent()) {
            write(bytes, sink);
        } else {
            writeWithHorizon(batch, bytes, sink);
        }
    }

    private void writeWithHorizon(DefaultRecordBatch marker, ByteBuffer bytes, BatchSink sink) throws IOException {
        kept.clear();
        kept.set(0, marker.countOrNull());
        try {
            writeChanged(BatchCopy.of(marker, bytes, kept, marker.maxTimestamp(), horizonMs(), scratch), sink);
        } catch (UnreadableBatchException e) {
            writeUnreadable(marker, bytes, e, sink);
        }
    }

    private void rewriteData(DefaultRecordBatch batch, ByteBuffer bytes, boolean last, BatchSink sink) throws IOException {
        boolean aborted = rewritten.isAborted(batch.isTransactional(), batch.producerId(), batch.lastOffset());
        if (aborted || batch.countOrNull() == 0) {
            counts = counts.records(0, batch.countOrNull());
            drop(batch, bytes, isLastOfProducer(batch), last, sink);
        } else if (batch.baseOffset() >= coveredOffset) {
            counts = counts.records(batch.countOrNull(), 0);
            write(bytes, sink);
        } else {
            try {
                rewriteRecords(batch, bytes, last, sink);
            } catch (UnreadableBatchException e) {
                writeUnreadable(batch, bytes, e, sink);
            }
        }
    }

    private void rewriteRecords(DefaultRecordBatch batch, ByteBuffer bytes, boolean last, BatchSink sink) throws UnreadableBatchException, IOException {
        Choice choice = choose(batch);
        boolean addHorizon = choice.tombstones && input.fromLogStart() && batch.deleteHorizonMs().isEmpty();
        ByteBuffer copy = bytes;
        if (choice.records > 0 && (choice.records < batch.countOrNull() || addHorizon)) {
            copy = BatchCopy.of(batch, bytes, kept, choice.maxTimestampMs, addHorizon ? horizonMs() : BatchCopy.NO_HORIZON, scratch);
        }
        counts = counts.records(choice.records, batch.countOrNull() - choice.records);
        if (choice.records == 0) {
            drop(batch, bytes, isLastOfProducer(batch), last, sink);
        } else if (copy == bytes) {
            write(bytes, sink);
        } else {
            writeChanged(copy, sink);
        }
    }

    private record Choice(int records, boolean tombstones, long maxTimestampMs) {}

    /** Which records stay: their places in the batch are set in {@link #kept}. */
    private Choice choose(DefaultRecordBatch batch) throws UnreadableBatchException {
        kept.clear();
        boolean tombstonesStay = !input.fromLogStart() || input.nowMs() < batch.deleteHorizonMs().orElse(Long.MAX_VALUE);
        boolean tombstones = false;
        long maxTimestampMs = -1;
        try (RecordWalk walk = RecordWalk.of(batch, scratch)) {
            for (int i = 0; walk.next(); i++) {
                walk.key(hash);
                if (stays(walk, tombstonesStay)) {
                    kept.set(i);
                    tombstones |= !walk.hasValue() && walk.hasKey() && walk.offset() < coveredOffset;
                    maxTimestampMs = Math.max(maxTimestampMs, walk.timestampMs());
                }
                walk.skip();
            }
        }
        return new Choice(kept.cardinality(), tombstones, maxTimestampMs);
    }

    private boolean stays(RecordWalk record, boolean tombstonesStay) {
        if (!record.hasKey() || record.offset() >= coveredOffset) {
            return true;
        }
        return record.offset() >= newest.get(hash.high(), hash.low()) && (record.hasValue() || tombstonesStay);
    }

    // Both

    private boolean next(BatchWalk walk) throws IOException {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("compaction was cancelled");
        }
        boolean more = walk.next();
        if (more) {
            counts = counts.read(walk.batch().sizeInBytes());
        }
        return more;
    }

    private static Transactions.Ended end(Transactions transactions, DefaultRecordBatch batch, Control control) {
        return switch (control) {
            case COMMIT -> transactions.onCommit(batch.producerId(), batch.lastOffset());
            case ABORT -> transactions.onAbort(batch.producerId(), batch.lastOffset());
            default -> Transactions.Ended.NOTHING;
        };
    }

    private boolean isLastOfProducer(DefaultRecordBatch batch) {
        ProducerLast last = producers.get(batch.producerId());
        return batch.hasProducerId() && last != null && batch.lastOffset() == last.lastOffset();
    }

    /** Whether a marker is all that tells a producer's newest epoch. */
    private boolean isNewestEpoch(DefaultRecordBatch marker) {
        ProducerLast last = producers.get(marker.producerId());
        return last != null && last.lastOffset() < 0 && last.producerEpoch() == marker.producerEpoch();
    }

    private long horizonMs() {
        return input.deleteRetentionMs() > Long.MAX_VALUE - input.nowMs() ? Long.MAX_VALUE : input.nowMs() + input.deleteRetentionMs();
    }

    /** The records go. A header that no producer needs names none: else it would keep the marker of its transaction. */
    private void drop(DefaultRecordBatch batch, ByteBuffer bytes, boolean ofProducer, boolean last, BatchSink sink) throws IOException {
        if (!ofProducer && !last) {
            changed = true;
        } else if (batch.countOrNull() == 0 && (ofProducer || !batch.hasProducerId())) {
            write(bytes, sink);
        } else {
            writeChanged(ofProducer ? EmptyBatch.ofProducer(batch) : EmptyBatch.over(batch), sink);
        }
    }

    private void writeUnreadable(DefaultRecordBatch batch, ByteBuffer bytes, UnreadableBatchException reason, BatchSink sink) throws IOException {
        if (counts.unreadableBatches() == 0) {
            logger.atWarn().addKeyValue("baseOffset", batch.baseOffset()).addKeyValue("lastOffset", batch.lastOffset()).addKeyValue("reason", reason.getMessage())
                    .log("The records of an undamaged batch cannot be read; compaction keeps it and such ones as they are");
        }
        counts = counts.unreadable();
        write(bytes, sink);
    }

    private void writeChanged(ByteBuffer batch, BatchSink sink) throws IOException {
        changed = true;
        write(batch, sink);
    }

    private void write(ByteBuffer batch, BatchSink sink) throws IOException {
        counts = counts.written(batch.remaining());
        sink.batch(batch);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
