package io.firn.hot.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.RecordBuffers;
import io.firn.hot.Seeds;
import java.nio.ByteBuffer;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.junit.jupiter.api.Test;

/** The header reads and patches what Kafka's own batch class reads and patches. */
class BatchHeaderTest {

    @Test
    void fieldsAreThoseKafkaReads() {
        Seeds.each(300, random -> {
            ByteBuffer bytes = Batches.data(random.nextInt(1000), random.nextInt(3), (short) random.nextInt(9), Integer.MAX_VALUE - random.nextInt(5),
                    1 + random.nextInt(8), random.nextBoolean(), 1000 + random.nextInt(1000));
            bytes.putShort(21, (short) (bytes.getShort(21) & ~7 | random.nextInt(5) | (random.nextBoolean() ? 0x08 : 0) | (random.nextBoolean() ? 0x40 : 0)));
            bytes.putInt(12, random.nextInt(100));
            assertSame(header(bytes), kafka(bytes));
        });
    }

    @Test
    void markerIsReadAsKafkaReadsIt() {
        ByteBuffer bytes = Batches.marker(7, 3, (short) 4, false, 11, 99);
        assertSame(header(bytes), kafka(bytes));
        assertThat(ControlRecord.of(header(bytes))).isEqualTo(new ControlRecord.Marker(false, 11, 99));
    }

    @Test
    void headerOfASecondBatchIsReadAtItsPosition() {
        ByteBuffer first = Batches.plain(0, 2, 10);
        ByteBuffer second = Batches.plain(2, 3, 20);
        BatchHeader header = new BatchHeader().wrap(RecordBuffers.of(first, second), first.limit());
        assertThat(header.baseOffset()).isEqualTo(2);
        assertThat(header.lastOffset()).isEqualTo(4);
        assertThat(header.sizeInBytes()).isEqualTo(second.limit());
        assertThat(header.computeCrc()).isEqualTo(header.crc());
    }

    @Test
    void offsetAndEpochArePatchedWithoutTouchingTheCrc() {
        ByteBuffer bytes = Batches.compressed(Compression.gzip().build(), 5, 1000);
        BatchHeader header = header(bytes);
        header.assignBaseOffset(123_456_789_012L);
        header.assignLeaderEpoch(17);
        MutableRecordBatch kafka = kafka(bytes);
        kafka.ensureValid();
        assertThat(kafka.baseOffset()).isEqualTo(123_456_789_012L);
        assertThat(kafka.lastOffset()).isEqualTo(123_456_789_016L);
        assertThat(kafka.partitionLeaderEpoch()).isEqualTo(17);
    }

    @Test
    void logAppendTimeIsStampedAsKafkaStampsIt() {
        ByteBuffer ours = Batches.compressed(Compression.lz4().build(), 5, 1000);
        ByteBuffer theirs = ByteBuffer.allocate(ours.limit()).put(ours.duplicate()).flip();
        header(ours).stampLogAppendTime(77_777);
        kafka(theirs).setMaxTimestamp(TimestampType.LOG_APPEND_TIME, 77_777);
        assertThat(ours).isEqualTo(theirs);
    }

    private static void assertSame(BatchHeader ours, MutableRecordBatch kafka) {
        assertThat(ours.baseOffset()).isEqualTo(kafka.baseOffset());
        assertThat(ours.lastOffset()).isEqualTo(kafka.lastOffset());
        assertThat(ours.nextOffset()).isEqualTo(kafka.nextOffset());
        assertThat(ours.sizeInBytes()).isEqualTo(kafka.sizeInBytes());
        assertThat(ours.partitionLeaderEpoch()).isEqualTo(kafka.partitionLeaderEpoch());
        assertThat(ours.magic()).isEqualTo(kafka.magic());
        assertThat(Integer.toUnsignedLong(ours.crc())).isEqualTo(kafka.checksum());
        assertThat(ours.computeCrc() == ours.crc()).isEqualTo(kafka.isValid());
        assertThat(ours.compressionId()).isEqualTo(kafka.compressionType().id);
        assertThat(ours.isLogAppendTime()).isEqualTo(kafka.timestampType() == TimestampType.LOG_APPEND_TIME);
        assertThat(ours.isTransactional()).isEqualTo(kafka.isTransactional());
        assertThat(ours.isControl()).isEqualTo(kafka.isControlBatch());
        assertThat(ours.hasDeleteHorizon()).isEqualTo(kafka.deleteHorizonMs().isPresent());
        assertThat(ours.maxTimestamp()).isEqualTo(kafka.maxTimestamp());
        assertThat(ours.producerId()).isEqualTo(kafka.producerId());
        assertThat(ours.hasProducerId()).isEqualTo(kafka.hasProducerId());
        assertThat(ours.producerEpoch()).isEqualTo(kafka.producerEpoch());
        assertThat(ours.baseSequence()).isEqualTo(kafka.baseSequence());
        assertThat(ours.lastSequence()).isEqualTo(kafka.lastSequence());
        assertThat(ours.recordCount()).isEqualTo(kafka.countOrNull());
    }

    private static BatchHeader header(ByteBuffer bytes) {
        return Batches.header(bytes);
    }

    private static MutableRecordBatch kafka(ByteBuffer bytes) {
        return MemoryRecords.readableRecords(bytes.duplicate()).batches().iterator().next();
    }
}
