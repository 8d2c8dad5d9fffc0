package io.firn.hot;

import io.firn.hot.batch.BatchHeader;

/**
 * Who a batch of an idempotent or transactional producer is from, as its header says; nothing of it has been checked.
 *
 * @param baseSequence sequence of the first record, -1 without sequences (batches of coordinators)
 */
public record ProducerStamp(long producerId, short epoch, int baseSequence) {

    /** Whether the bytes look like a transactional batch of a producer. Reads two fields; a damaged batch is found by the append. */
    public static boolean isTransactional(RecordBuffers bytes) {
        if (bytes.sizeBytes() < BatchHeader.SIZE_BYTES) {
            return false;
        }
        BatchHeader batch = new BatchHeader().wrap(bytes, 0);
        return batch.isTransactional() && batch.magic() == BatchHeader.MAGIC && batch.hasProducerId();
    }

    /** Whether the bytes look like a batch of an idempotent producer, transactional or not. As above. */
    public static boolean hasSequence(RecordBuffers bytes) {
        if (bytes.sizeBytes() < BatchHeader.SIZE_BYTES) {
            return false;
        }
        BatchHeader batch = new BatchHeader().wrap(bytes, 0);
        return batch.magic() == BatchHeader.MAGIC && batch.hasProducerId() && batch.baseSequence() >= 0;
    }

    /** @param bytes {@link #isTransactional}, or {@link #hasSequence} */
    public static ProducerStamp of(RecordBuffers bytes) {
        BatchHeader batch = new BatchHeader().wrap(bytes, 0);
        return new ProducerStamp(batch.producerId(), batch.producerEpoch(), batch.baseSequence());
    }
}
