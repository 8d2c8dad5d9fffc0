package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.ColdStoreException;
import io.firn.cold.SegmentRecords;
import io.firn.cold.SegmentSource;
import io.firn.hot.AbortedTransaction;
import io.firn.retention.compaction.BatchSink;
import io.firn.retention.compaction.SegmentCopy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Puts a sound object in the place of one that is missing or damaged, out of the local copy of its range.
 *
 * <pre>
 *   broken             ├────── [base, next) ──────┤
 *   local segments  ├────────┼────────┼───────────────┤       one of just this range: as it is; else the batches in between, in a scratch file
 *                                │ same bytes? the size that the manifest says, and the checksums of the object where its tail can still be read
 *                                ▼
 *   {@link ColdLog#replace}: uploaded under a new name, checked, swapped in one manifest; readers go on, the old object goes after the grace period
 * </pre>
 *
 * <p><b>What may take its place</b> ({@link Replacement}): the same log bytes, and no others. A log is never written twice, so for the same range of offsets the size says it; largest timestamp and leader epoch have to
 * agree as well, as an unclean election may leave another log on a disk. Not so where compaction writes: the local copy of a compacted topic may lack what the bucket must
 * have, or have what the bucket must not bring back; there only the checksums of the object itself will do. Its last offset needs the producers' state: from the object's tail, or from a local segment that ends there.
 *
 * <p>Where the local disk has no copy, another replica may: {@link ReplicaRepair}.
 *
 * <p><i>On crash</i>: as of any replacement: one orphan object, a scratch file.
 *
 * <p>Limits: one scratch file of the segment's size; one batch. Threading: confined to the thread of the scrub, which waits in here for bucket, disk and loop.
 */
final class HotRepair {
    private static final int TRANSACTION_ENTRY_BYTES = 34;
    private static final int LAST_OFFSET_DELTA_AT = 23;

    /**
     * What is to be mended.
     *
     * @param broken committed, and missing or damaged
     * @param tail its tail, if that is sound
     * @param local sealed segments that cover it, retained; released by the caller
     * @param compacted whether compaction may have changed either of the copies
     */
    record Order(ColdSegment broken, Optional<ColdSegmentLog> tail, List<SealedSource> local, boolean compacted, int indexIntervalBytes) {}

    private final Order order;
    private final ColdChanges changes;
    private final ScratchSpace scratch;
    private final Patience patience;
    private final BooleanSupplier cancelled;
    private boolean replaced;

    HotRepair(Order order, ColdChanges changes, ScratchSpace scratch, Patience patience, BooleanSupplier cancelled) {
        this.order = order;
        this.changes = changes;
        this.scratch = scratch;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /**
     * Why it could not be done; empty when it is done, or the segment was replaced or dropped meanwhile.
     *
     * @throws ScratchException the scratch disk fails
     * @throws ColdStoreException as changes of the cold tier fail
     */
    Optional<String> run() throws ScratchException {
        ColdSegment broken = order.broken();
        List<SealedSource> local = order.local();
        if (local.isEmpty() || local.get(0).baseOffset() > broken.baseOffset() || local.get(local.size() - 1).nextOffset() < broken.nextOffset()) {
            return Optional.of("no local copy of all of it");
        }
        if (order.compacted() && order.tail().isEmpty()) {
            return Optional.of("the local copy of a compacted topic cannot be known to be the same, as the object's own checksums are gone");
        }
        try {
            return local.size() == 1 && local.get(0).baseOffset() == broken.baseOffset() && local.get(0).nextOffset() == broken.nextOffset() ? replacedBy(local.get(0)) : putTogether();
        } catch (ScratchException e) {
            throw e;
        } catch (IOException e) {
            return Optional.of("the local copy cannot be read: " + e.getMessage());
        } catch (ColdStoreException.SourceFailed e) {
            return Optional.of("the local copy is not sound: " + e.getMessage());
        }
    }

    /** Whether it was done; false if somebody else has replaced or dropped the segment meanwhile. */
    boolean replaced() {
        return replaced;
    }

    private Optional<String> replacedBy(SegmentSource source) throws IOException {
        Replacement replacement = new Replacement(order.broken(), order.tail(), changes, patience);
        Optional<String> other = replacement.difference(source);
        replaced = other.isEmpty() && replacement.by(source);
        return other;
    }

    private Optional<String> putTogether() throws IOException {
        Optional<SegmentRecords> end = end();
        if (end.isEmpty()) {
            return Optional.of("no local segment ends where it does, and its own tail is gone");
        }
        try (RewrittenSegment made = new RewrittenSegment(scratch.create(), order.broken().baseOffset(), order.indexIntervalBytes())) {
            for (SealedSource segment : order.local()) {
                SegmentCopy.copy(segment, within(made), cancelled);
            }
            for (AbortedTransaction aborted : aborted()) {
                made.aborted(aborted);
            }
            made.finish(end.get());
            return replacedBy(made);
        }
    }

    private Optional<SegmentRecords> end() {
        Optional<SegmentRecords> tail = order.tail().map(log -> new ColdSource(log, patience));
        SealedSource last = order.local().get(order.local().size() - 1);
        return tail.isPresent() || last.nextOffset() != order.broken().nextOffset() ? tail : Optional.of(last);
    }

    /** Lets through what lies in the range. A batch over its border is taken, and found out by the size. */
    private BatchSink within(RewrittenSegment made) {
        return new BatchSink() {
            @Override
            public void batch(ByteBuffer batch) throws IOException {
                long base = batch.getLong(batch.position());
                if (base + batch.getInt(batch.position() + LAST_OFFSET_DELTA_AT) >= order.broken().baseOffset() && base < order.broken().nextOffset()) {
                    made.batch(batch);
                }
            }

            @Override
            public void aborted(AbortedTransaction aborted) {
                made.aborted(aborted);
            }
        };
    }

    private List<AbortedTransaction> aborted() throws IOException {
        if (order.tail().isPresent()) {
            return new ColdSource(order.tail().get(), patience).abortedTransactions();
        }
        List<AbortedTransaction> found = new ArrayList<>();
        for (SealedSource segment : order.local()) {
            for (ByteBuffer index = segment.transactionIndex().slice(); index.remaining() >= TRANSACTION_ENTRY_BYTES; ) {
                index.getShort();
                AbortedTransaction entry = new AbortedTransaction(index.getLong(), index.getLong(), index.getLong(), index.getLong());
                if (entry.lastOffset() >= order.broken().baseOffset() && entry.lastOffset() < order.broken().nextOffset()) {
                    found.add(entry);
                }
            }
        }
        return found;
    }
}
