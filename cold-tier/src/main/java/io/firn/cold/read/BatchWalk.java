package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import io.firn.cold.segment.BatchHeader;

/**
 * Hops from batch header to batch header. Pure. {@link ColdStoreException.Corrupt} when the bytes cannot be batches of this log.
 */
final class BatchWalk {

    /** Bytes of a header that a hop looks at. */
    static final int HEAD_BYTES = BatchHeader.LAST_OFFSET_DELTA_AT + Integer.BYTES;

    private final ChunkSpan span;
    private final long logSizeBytes;

    /** @param logSizeBytes no batch goes beyond it */
    BatchWalk(ChunkSpan span, long logSizeBytes) {
        this.span = span;
        this.logSizeBytes = logSizeBytes;
    }

    /** A batch, of which the span may hold no more than the head. */
    record Batch(long position, int sizeBytes, long baseOffset, long nextOffset) {
        long end() {
            return position + sizeBytes;
        }
    }

    /** Where a run of whole batches ends. */
    record End(long position, long nextOffset) {}

    boolean hasHead(long position) {
        return position + HEAD_BYTES <= span.end();
    }

    Batch batchAt(long position) {
        BatchHeader.requireMagic(span.byteAt(position + BatchHeader.MAGIC_AT));
        int size = BatchHeader.sizeBytes(span.intAt(position + BatchHeader.LENGTH_AT));
        long baseOffset = span.longAt(position);
        long next = BatchHeader.nextOffset(baseOffset, span.intAt(position + BatchHeader.LAST_OFFSET_DELTA_AT));
        if (position + size > logSizeBytes) {
            throw new ColdStoreException.Corrupt("Batch of " + size + " bytes at " + position + " goes beyond the log's end at " + logSizeBytes, null);
        }
        return new Batch(position, size, baseOffset, next);
    }

    /**
     * Walks from the batch boundary {@code from} to the first batch that ends above {@code offset}.
     *
     * @return its position; or, if the span ends before, the boundary to go on from
     */
    long seek(long from, long offset) {
        long position = from;
        while (hasHead(position)) {
            Batch batch = batchAt(position);
            if (batch.nextOffset() > offset) {
                return position;
            }
            position = batch.end();
        }
        return position;
    }

    /**
     * The end of the whole batches from {@code from} that lie below position {@code limit} and offset {@code limitOffset}.
     *
     * @param start what to report if there is none
     */
    End end(long from, End start, long limit, long limitOffset) {
        End end = start;
        for (long position = from; position + HEAD_BYTES <= limit; ) {
            Batch batch = batchAt(position);
            if (batch.end() > limit || batch.nextOffset() > limitOffset) {
                return end;
            }
            end = new End(batch.end(), batch.nextOffset());
            position = batch.end();
        }
        return end;
    }
}
