package io.firn.retention.compaction;

import java.nio.ByteBuffer;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;

/** A batch of no records, which takes the place of a range of offsets where compaction has left nothing: clients pass over it, as over those that Apache Kafka's cleaner leaves. */
public final class EmptyBatch {

    private EmptyBatch() {}

    /** @param toOffset exclusive, at most 2^31 above {@code fromOffset} */
    public static ByteBuffer over(long fromOffset, long toOffset, int leaderEpoch) {
        if (toOffset <= fromOffset || toOffset - fromOffset > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("no batch has the offsets [" + fromOffset + "," + toOffset + ")");
        }
        ByteBuffer bytes = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(bytes, RecordBatch.CURRENT_MAGIC_VALUE, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, fromOffset,
                toOffset - 1, leaderEpoch, TimestampType.CREATE_TIME, RecordBatch.NO_TIMESTAMP, false, false);
        return bytes.flip();
    }
}
