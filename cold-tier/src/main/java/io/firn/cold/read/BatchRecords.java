package io.firn.cold.read;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdRecord;
import io.firn.cold.ColdStoreException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;

/**
 * Unpacks the records of whole batches, without markers and, if so wanted, without those of aborted transactions.
 *
 * <p>A batch belongs to an aborted transaction when it is transactional, of that producer, and lies between the transaction's first record and its marker. Stateless; one record in memory beside the batch.
 */
public final class BatchRecords {

    private BatchRecords() {}

    /**
     * Hands over the records with offsets in {@code [fromOffset, limitOffset)}, in order.
     *
     * @param batches whole ones, one after the other
     * @param aborted transactions whose records are left out
     * @throws ColdStoreException.Corrupt if these are no records
     */
    public static void each(ByteBuffer batches, long fromOffset, long limitOffset, List<ColdAbortedTransaction> aborted, Consumer<ColdRecord> to) {
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(batches.slice()).batches()) {
            boolean wanted = batch.lastOffset() >= fromOffset && batch.baseOffset() < limitOffset && !batch.isControlBatch() && !isAborted(batch, aborted);
            if (wanted) {
                unpack(batch, fromOffset, limitOffset, to);
            }
        }
    }

    private static boolean isAborted(MutableRecordBatch batch, List<ColdAbortedTransaction> aborted) {
        return batch.isTransactional() && aborted.stream()
                .anyMatch(transaction -> transaction.producerId() == batch.producerId() && batch.baseOffset() >= transaction.firstOffset() && batch.baseOffset() <= transaction.lastOffset());
    }

    private static void unpack(MutableRecordBatch batch, long fromOffset, long limitOffset, Consumer<ColdRecord> to) {
        try (CloseableIterator<Record> records = batch.streamingIterator(BufferSupplier.create())) {
            while (records.hasNext()) {
                Record record = next(batch, records);
                if (record.offset() >= fromOffset && record.offset() < limitOffset) {
                    to.accept(new ColdRecord(record.offset(), record.timestamp(), view(record.key()), view(record.value()), headers(record)));
                }
            }
        }
    }

    /** What fails here is the batch's fault; what the consumer of the records throws is its own. */
    private static Record next(MutableRecordBatch batch, CloseableIterator<Record> records) {
        try {
            return records.next();
        } catch (KafkaException | IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Records of the batch at offset " + batch.baseOffset() + " cannot be read", e);
        }
    }

    private static List<ColdRecord.Header> headers(Record record) {
        return Arrays.stream(record.headers()).map(header -> new ColdRecord.Header(header.key(), Optional.ofNullable(header.value()).map(ByteBuffer::wrap))).toList();
    }

    private static Optional<ByteBuffer> view(ByteBuffer bytes) {
        return Optional.ofNullable(bytes).map(ByteBuffer::asReadOnlyBuffer);
    }
}
