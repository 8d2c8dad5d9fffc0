package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendOrigin;
import io.firn.hot.FileRange;
import io.firn.hot.HotLogConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Writes updates and deletions of a few keys through a {@link TieredRig}, and knows what a reader from the beginning must end up with. */
final class CompactedTopic {
    private final TieredRig rig;
    private final Random random;
    /** Newest value of each key; none of a deleted one. */
    private final TreeMap<String, String> expected = new TreeMap<>();
    private int number;

    CompactedTopic(TieredRig rig, Random random) {
        this.rig = rig;
        this.random = random;
    }

    static TieredLogConfig config(CompactionConfig compaction, boolean alsoDelete, long retentionMs) {
        return new TieredLogConfig(hot(true), false, alsoDelete, retentionMs, -1, -2, -2, compaction);
    }

    static HotLogConfig hot(boolean compacted) {
        return new HotLogConfig(1 << 20, 3_600_000, 0, 10 << 20, 4096, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, compacted);
    }

    /** A batch of one record. */
    static ByteBuffer batch(String key) {
        return MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1, key.getBytes(StandardCharsets.UTF_8), "value".getBytes(StandardCharsets.UTF_8))).buffer();
    }

    /** One batch of updates of random keys; now and then a deletion. */
    void write(int keys) {
        SimpleRecord[] records = new SimpleRecord[1 + random.nextInt(5)];
        for (int i = 0; i < records.length; i++) {
            records[i] = next("key-" + random.nextInt(keys), random.nextInt(8) == 0);
        }
        put(records);
    }

    void put(String key, boolean deletion) {
        put(next(key, deletion));
    }

    private SimpleRecord next(String key, boolean deletion) {
        String value = "value-" + number++ + " ".repeat(random.nextInt(500));
        if (deletion) {
            expected.remove(key);
        } else {
            expected.put(key, value);
        }
        return new SimpleRecord(rig.clock.millis(), key.getBytes(StandardCharsets.UTF_8), deletion ? null : value.getBytes(StandardCharsets.UTF_8));
    }

    private void put(SimpleRecord... records) {
        Compression codec = List.of(Compression.NONE, Compression.zstd().build(), Compression.gzip().build()).get(random.nextInt(3));
        rig.append(MemoryRecords.withRecords(codec, records).buffer(), AppendOrigin.CLIENT);
    }

    /** Writes so many segments of {@code batches}. */
    void segments(int count, int batches, int keys) {
        for (int i = 0; i < count; i++) {
            for (int batch = 0; batch < batches; batch++) {
                write(keys);
            }
            seal();
        }
    }

    void seal() {
        rig.awaitDurable();
        rig.seal();
    }

    /** All records, read as a consumer does. */
    List<Record> read() {
        List<Record> records = new ArrayList<>();
        batches(rig).forEach(batch -> batch.forEach(records::add));
        return records;
    }

    /** All batches of the log, read as a consumer does. */
    static List<RecordBatch> batches(TieredRig rig) {
        List<RecordBatch> batches = new ArrayList<>();
        long next = rig.onLoop(() -> rig.log.logStartOffset());
        long end = rig.onLoop(() -> rig.hot.logEndOffset());
        while (next < end) {
            long at = next;
            TieredRead read = rig.onLoop(() -> rig.log.read(at, 10_000, end, true));
            if (read instanceof TieredRead.AtEnd) {
                continue; // pages are being read
            }
            assertThat(read).isInstanceOf(TieredRead.Hot.class);
            for (RecordBatch batch : batches(((TieredRead.Hot) read).range())) {
                if (batch.nextOffset() > next) {
                    batch.ensureValid();
                    batches.add(batch);
                    next = batch.nextOffset();
                }
            }
            assertThat(next).as("progress").isGreaterThan(at);
        }
        return batches;
    }

    private static List<RecordBatch> batches(FileRange range) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            range.transferTo(0, range.sizeBytes(), Channels.newChannel(out));
            List<RecordBatch> batches = new ArrayList<>();
            MemoryRecords.readableRecords(ByteBuffer.wrap(out.toByteArray())).batches().forEach(batches::add);
            return batches;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            range.release();
        }
    }

    /** A reader from the beginning ends up with the newest value of every key. Returns how many records it had to read for that. */
    int check() {
        Map<String, String> table = new TreeMap<>();
        List<Record> records = read();
        for (Record record : records) {
            String key = StandardCharsets.UTF_8.decode(record.key()).toString();
            if (record.hasValue()) {
                table.put(key, StandardCharsets.UTF_8.decode(record.value()).toString());
            } else {
                table.remove(key);
            }
        }
        assertThat(table).isEqualTo(expected);
        return records.size();
    }

    long cleanTo() {
        return rig.onLoop(() -> rig.hot.cleanTo());
    }
}
