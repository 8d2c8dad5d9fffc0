package io.firn.cold;

import io.firn.cold.read.BatchRecords;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/** The next thing a {@link ColdStream} has to tell. */
public sealed interface ColdPiece {

    /**
     * Records that the stream was to deliver, and that are gone: retention or a deletion was faster. Of some offsets there may never have been a record.
     *
     * @param toOffset exclusive; the stream goes on there
     */
    record Expired(long fromOffset, long toOffset) implements ColdPiece {}

    /**
     * Whole record batches that follow each other, in memory that counts as the stream's until {@link #close}: to be closed before the next piece is asked for.
     *
     * <p>The first and the last batch may hold records outside of the range asked for, as batches are never cut; {@link #records} leaves them out. Threading: any thread, one at a time.
     */
    final class Batches implements ColdPiece, AutoCloseable {
        private final ColdRead read;
        private final long fromOffset;
        private final long limitOffset;
        private final List<ColdAbortedTransaction> aborted;

        /** Of {@code read}, records in {@code [fromOffset, limitOffset)} are wanted. */
        Batches(ColdRead read, long fromOffset, long limitOffset, List<ColdAbortedTransaction> aborted) {
            this.read = read;
            this.fromOffset = fromOffset;
            this.limitOffset = limitOffset;
            this.aborted = List.copyOf(aborted);
        }

        /** Offset after the last batch: the stream goes on there, if its range does. */
        public long nextOffset() {
            return read.upperBoundOffset();
        }

        public int sizeBytes() {
            return read.sizeBytes();
        }

        /** Read-only direct views of the bytes, in order; not to be touched after {@link #close}. */
        public ByteBuffer[] buffers() {
            return read.buffers();
        }

        /** The aborted transactions with records in these batches; none for a stream that does not ask for committed records only. */
        public List<ColdAbortedTransaction> abortedTransactions() {
            return aborted;
        }

        /**
         * Unpacks the records of the range on the calling thread, without markers and without those of {@link #abortedTransactions}. Copies the batches once, and decompresses them.
         *
         * @param to a record is valid only while it runs
         * @throws ColdStoreException.Corrupt if these are no records
         */
        public void records(Consumer<ColdRecord> to) {
            ByteBuffer copy = ByteBuffer.allocate(read.sizeBytes());
            for (ByteBuffer piece : read.buffers()) {
                copy.put(piece);
            }
            BatchRecords.each(copy.flip(), fromOffset, limitOffset, aborted, to);
        }

        /** Gives the memory back; exactly once. */
        @Override
        public void close() {
            read.release();
        }
    }
}
