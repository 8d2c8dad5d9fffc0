package io.firn.hot.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendError;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.Seeds;
import io.firn.hot.batch.BatchVerdict.Refused;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.junit.jupiter.api.Test;

/**
 * For uncompressed batches of clients with any header: what Kafka's {@code LogValidator} refuses we refuse, for the same reason; what
 * it accepts we accept, but for the stricter rules the README lists.
 */
class BatchCheckOraclePropertyTest {

    private static final long HOUR_MS = 3600_000;
    private static final long DAY_MS = 24 * HOUR_MS;

    private final long nowMs = Time.SYSTEM.milliseconds();

    @Test
    void refusesWhatKafkaRefuses() {
        Seeds.each(6000, random -> {
            HotLogConfig config = new HotLogConfig(1 << 30, HOUR_MS, 0, 1 << 20, 4096, 1 << 20, random.nextInt(4) == 0, HOUR_MS, HOUR_MS, random.nextInt(4) == 0);
            ByteBuffer batch = batch(random);
            long honestMax = batch.getLong(35);
            int honestCount = batch.getInt(57);
            int changes = random.nextInt(3);
            for (int i = 0; i < changes; i++) {
                change(batch, random);
            }
            Batches.mendCrc(batch);
            if (!config.compacted() && batch.getInt(57) != honestCount && batch.getInt(23) == batch.getInt(57) - 1) {
                return;  // A consistent lie about the count, which only reading the records would show: README, Decisions.
            }
            BatchVerdict ours = BatchCheck.fromClient(RecordBuffers.of(batch), new BatchHeader(), config, nowMs);
            boolean stricter = isStricter(Batches.header(batch), honestMax, config);
            Optional<AppendError> kafka = kafka(ByteBuffer.allocate(batch.limit()).put(batch.duplicate()).flip(), config);
            if (kafka.isPresent()) {
                // With one rule broken there is one reason; a compacted topic may add a second, a record without key.
                assertThat(ours).isInstanceOf(Refused.class);
                if (changes + (config.compacted() ? 1 : 0) < 2) {
                    assertThat(((Refused) ours).error()).isEqualTo(kafka.get());
                }
            } else {
                assertThat(ours instanceof Refused).as("%s", ours).isEqualTo(stricter);
            }
        });
    }

    private ByteBuffer batch(Random random) {
        int count = 1 + random.nextInt(3);
        if (random.nextInt(4) == 0) {
            SimpleRecord[] records = Batches.records(count, nowMs);
            records[random.nextInt(count)] = new SimpleRecord(nowMs, new byte[] {1});
            return Batches.of(records);
        }
        return random.nextBoolean() ? Batches.plain(0, count, nowMs) : Batches.data(0, 5, (short) 1, 10, count, random.nextBoolean(), nowMs);
    }

    /** One wrong header field. */
    private static void change(ByteBuffer batch, Random random) {
        switch (random.nextInt(9)) {
            case 0 -> batch.putLong(0, random.nextInt(3) - 1);
            case 1 -> batch.putShort(21, (short) (batch.getShort(21) | new int[] {0x08, 0x10, 0x20, 0x40, 5, 6, 7}[random.nextInt(7)]));
            case 2 -> batch.putInt(23, random.nextInt(6) - 2);
            case 3 -> batch.putLong(27, batch.getLong(27) + (random.nextBoolean() ? DAY_MS : -DAY_MS));
            case 4 -> batch.putLong(35, batch.getLong(35) + (random.nextBoolean() ? DAY_MS : -DAY_MS));
            case 5 -> batch.putLong(43, random.nextInt(3) - 1);
            case 6 -> batch.putShort(51, (short) (random.nextInt(3) - 1));
            case 7 -> batch.putInt(53, random.nextInt(3) - 1);
            default -> batch.putInt(57, random.nextInt(6) - 2);
        }
    }

    /** The rules the README lists as stricter than Kafka's. */
    private static boolean isStricter(BatchHeader header, long honestMax, HotLogConfig config) {
        return header.isLogAppendTime() || header.hasDeleteHorizon()
                || header.maxTimestamp() != honestMax && !config.logAppendTime()
                || header.hasProducerId() && header.producerEpoch() < 0
                || header.isTransactional() && !header.hasProducerId();
    }

    private static Optional<AppendError> kafka(ByteBuffer batch, HotLogConfig config) {
        if (batch.getLong(0) != 0) {
            return Optional.of(AppendError.INVALID_RECORD);
        }
        int codec = batch.getShort(21) & 7;
        if (codec > CompressionType.ZSTD.id) {
            return Optional.of(AppendError.INVALID_RECORD);
        }
        LogValidator validator = new LogValidator(MemoryRecords.readableRecords(batch), new TopicPartition("t", 0), Time.SYSTEM,
                CompressionType.forId(codec), Compression.of(CompressionType.forId(codec)).build(), config.compacted(), (byte) 2,
                config.logAppendTime() ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME, config.timestampBeforeMaxMs(),
                config.timestampAfterMaxMs(), 0, AppendOrigin.CLIENT);
        try {
            validator.validateMessagesAndAssignOffsets(PrimitiveRef.ofLong(100), new Unmetered(), BufferSupplier.NO_CACHING);
            return Optional.empty();
        } catch (RecordValidationException e) {
            return Optional.of(e.invalidException() instanceof InvalidTimestampException ? AppendError.INVALID_TIMESTAMP : AppendError.INVALID_RECORD);
        } catch (InvalidRecordException e) {
            return Optional.of(AppendError.INVALID_RECORD);
        }
    }

    private static final class Unmetered implements LogValidator.MetricsRecorder {
        @Override
        public void recordInvalidMagic() {}

        @Override
        public void recordInvalidOffset() {}

        @Override
        public void recordInvalidSequence() {}

        @Override
        public void recordInvalidChecksums() {}

        @Override
        public void recordNoKeyCompactedTopic() {}
    }
}
