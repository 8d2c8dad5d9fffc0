package io.firn.retention.compaction;

import java.nio.ByteBuffer;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * A batch of no records, which takes the place of offsets where compaction has left nothing: clients pass over it, as over those that Apache Kafka's cleaner leaves. It has no
 * timestamp, so that searches by time do not end at it. Pure functions.
 */
public final class EmptyBatch {
    private static final long MAX_OFFSETS = 1L << 31;

    private EmptyBatch() {}

    /** Tells offsets only, for whoever follows the log's offsets, not its producers. @param toOffset exclusive, at most 2^31 above {@code fromOffset} */
    public static ByteBuffer over(long fromOffset, long toOffset, int leaderEpoch) {
        return over(fromOffset, toOffset, leaderEpoch, TimestampType.CREATE_TIME);
    }

    /** The same in the place of one batch. */
    static ByteBuffer over(DefaultRecordBatch batch) {
        return over(batch.baseOffset(), batch.nextOffset(), batch.partitionLeaderEpoch(), batch.timestampType());
    }

    private static ByteBuffer over(long fromOffset, long toOffset, int leaderEpoch, TimestampType timestampType) {
        if (toOffset <= fromOffset || toOffset - fromOffset > MAX_OFFSETS) {
            throw new IllegalArgumentException("no batch has the offsets [" + fromOffset + "," + toOffset + ")");
        }
        ByteBuffer bytes = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(bytes, RecordBatch.CURRENT_MAGIC_VALUE, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, fromOffset,
                toOffset - 1, leaderEpoch, timestampType, RecordBatch.NO_TIMESTAMP, false, false);
        return bytes.flip();
    }

    /** In the place of one batch, and tells its producer and sequences too. */
    static ByteBuffer ofProducer(DefaultRecordBatch batch) {
        ByteBuffer bytes = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(bytes, RecordBatch.CURRENT_MAGIC_VALUE, batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.baseOffset(),
                batch.lastOffset(), batch.partitionLeaderEpoch(), batch.timestampType(), RecordBatch.NO_TIMESTAMP, batch.isTransactional(), batch.isControlBatch());
        return bytes.flip();
    }
}
