package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.ColdStoreException;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.CorruptStateException;
import io.firn.hot.RangeReplay;
import io.firn.retention.compaction.BatchSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Where what is known at the end of a segment is from, beside its batches, when it is made anew: leader epochs, producers' state, aborted transactions.
 *
 * <pre>
 *   its own tail is sound    as it says
 *   it is not                ├─ the segment before it ─┤── batches, replayed ──▶│     from the state at the end of the one before, or nothing where the log has its beginning
 *                              leader epochs: those of the newest segment of the bucket; where that is what is broken, those that the leader has taken from the bucket or written
 *                            no segment before it, or that one has no sound tail either: not known, and nothing is made up
 * </pre>
 *
 * <p>Immutable; {@link #of} waits for the bucket, on the thread of the scrub.
 */
sealed interface SegmentEnding {

    /** Takes the batches of a copy into {@code made}, each as the log has to have it. Not of {@link Unknown}. {@link ColdStoreException.Corrupt} where what is known cannot be read. */
    Filling into(RewrittenSegment made, ColdSegment broken, Patience patience);

    /** From the object itself. */
    record OfTail(ColdSegmentLog tail) implements SegmentEnding {
        @Override
        public Filling into(RewrittenSegment made, ColdSegment broken, Patience patience) {
            return new Taking(made, new ColdSource(tail, patience));
        }
    }

    /** From the batches. @param producers where it begins */
    record Replayed(ByteBuffer lineage, Optional<ByteBuffer> producers) implements SegmentEnding {
        @Override
        public Filling into(RewrittenSegment made, ColdSegment broken, Patience patience) {
            try {
                return new Replaying(made, RangeReplay.of(broken.baseOffset(), lineage, producers));
            } catch (CorruptStateException e) { // no other broker's fault
                throw new ColdStoreException.Corrupt("lineage or producers before offset " + broken.baseOffset() + ": " + e.getMessage(), e);
            }
        }
    }

    /** It cannot be made anew. */
    record Unknown(String why) implements SegmentEnding {
        @Override
        public Filling into(RewrittenSegment made, ColdSegment broken, Patience patience) {
            throw new IllegalStateException(why);
        }
    }

    /** @param ownLineage leader epochs of this broker's log */
    static SegmentEnding of(ColdLog cold, ColdSegment broken, Optional<ColdSegmentLog> tail, ByteBuffer ownLineage, Patience patience) {
        if (tail.isPresent()) {
            return new OfTail(tail.get());
        }
        if (broken.baseOffset() == 0) {
            return new Replayed(lineage(cold, ownLineage, patience), Optional.empty());
        }
        try {
            Optional<ColdSegment> before = patience.await(cold.segmentsFrom(broken.baseOffset() - 1, 1)).stream().findFirst().filter(segment -> segment.nextOffset() == broken.baseOffset());
            return before.isPresent() ? new Replayed(lineage(cold, ownLineage, patience), Optional.of(patience.await(cold.openSegment(before.get())).producerSnapshot()))
                    : new Unknown("its tail is gone, and there is no segment before it that tells of the producers");
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt gone) {
            return new Unknown("its tail is gone, and the segment before it, which could tell of the producers, cannot be read either");
        }
    }

    private static ByteBuffer lineage(ColdLog cold, ByteBuffer ownLineage, Patience patience) {
        try {
            return patience.await(cold.leaderEpochs()).map(text -> ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))).orElse(ownLineage);
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt newestIsBroken) {
            return ownLineage;
        }
    }

    /** A segment that is being made. */
    interface Filling extends BatchSink {

        /** All batches were given. */
        void finish() throws IOException;
    }

    /** With the ending that the tail tells. */
    record Taking(RewrittenSegment made, ColdSource tail) implements Filling {
        @Override
        public void batch(ByteBuffer batch) throws IOException {
            made.batch(batch);
        }

        @Override
        public void aborted(AbortedTransaction aborted) {
            made.aborted(aborted);
        }

        @Override
        public void finish() throws IOException {
            tail.abortedTransactions().forEach(made::aborted);
            made.finish(tail);
        }
    }

    /** With the ending that follows from the batches. */
    record Replaying(RewrittenSegment made, RangeReplay replay) implements Filling {
        @Override
        public void batch(ByteBuffer batch) throws IOException {
            try {
                replay.take(batch).ifPresent(made::aborted);
            } catch (CorruptStateException e) {
                throw new IOException(e.getMessage(), e);
            }
            made.batch(batch);
        }

        @Override
        public void aborted(AbortedTransaction aborted) {
            made.aborted(aborted);
        }

        @Override
        public void finish() throws IOException {
            made.finish(replay.nextOffset(), replay.leaderEpochs(), replay.producerSnapshot());
        }
    }
}
