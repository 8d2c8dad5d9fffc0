package io.firn.hot.segment;

import io.firn.hot.DiskFile;
import io.firn.hot.TimestampedOffset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at the records inside a batch, decompressing it as it goes. The only place of the hot tier that does. Stateless; blocks on the disk. */
public final class RecordSearch {

    private static final Logger LOG = LoggerFactory.getLogger(RecordSearch.class);

    private RecordSearch() {}

    /** The first record of the batch at {@code position} at or after {@code fromOffset} that is not earlier than {@code timestampMs}. */
    public static Optional<TimestampedOffset> firstFrom(DiskFile file, long position, int sizeBytes, long timestampMs, long fromOffset) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes);
        if (file.read(bytes, position) < sizeBytes) {
            throw new CorruptLogException("the log ends inside the batch at position " + position);
        }
        try {
            for (RecordBatch batch : MemoryRecords.readableRecords(bytes.flip()).batches()) {
                batch.ensureValid();
                return search(batch, timestampMs, fromOffset);
            }
            return Optional.empty();
        } catch (KafkaException e) {
            throw new CorruptLogException("the batch at position " + position + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Undamaged bytes that are no records are what their producer sent: no reason to doubt the disk. The batch's beginning stands for its records then. */
    private static Optional<TimestampedOffset> search(RecordBatch batch, long timestampMs, long fromOffset) {
        try {
            for (Record record : batch) {
                if (record.timestamp() >= timestampMs && record.offset() >= fromOffset) {
                    return Optional.of(new TimestampedOffset(record.timestamp(), record.offset(), batch.partitionLeaderEpoch()));
                }
            }
            return Optional.empty();
        } catch (RuntimeException e) {
            LOG.atDebug().addKeyValue("baseOffset", batch.baseOffset()).setCause(e).log("the records of an undamaged batch cannot be read");
            return Optional.of(new TimestampedOffset(batch.maxTimestamp(), Math.max(fromOffset, batch.baseOffset()), batch.partitionLeaderEpoch()));
        }
    }
}
