package io.firn.retention.compaction;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.ProducerLast;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** A random history of one partition: batches with and without producers, transactions open over batches and segments, tombstones, every codec. */
public final class RandomLog {

    /** A batch, or where a segment is sealed (no bytes). */
    public record Step(ByteBuffer batch, boolean roll) {}

    private static final int PRODUCERS = 4;

    private final Random random;
    private final int keys;
    private final boolean keyless;
    private final Map<Long, Short> epochs = new HashMap<>();
    private final Map<Long, Integer> sequences = new HashMap<>();
    private final Map<Long, Long> lastOffsets = new HashMap<>();
    private final TreeMap<Long, Long> openByProducer = new TreeMap<>();
    final List<AbortedTransaction> aborted = new ArrayList<>();
    final List<MemorySegment> segments = new ArrayList<>();
    private MemorySegment active;
    long nextOffset;
    public long nowMs = 1_000_000;

    public RandomLog(Random random, int keys, boolean keyless) {
        this.random = random;
        this.keys = keys;
        this.keyless = keyless;
        this.active = new MemorySegment(0, 0);
    }

    /** What each producer wrote last, as the hot tier would tell it. */
    List<ProducerLast> producers() {
        return epochs.entrySet().stream().map(e -> new ProducerLast(e.getKey(), e.getValue(), lastOffsets.getOrDefault(e.getKey(), -1L))).toList();
    }

    public boolean hasOpenTransaction() {
        return !openByProducer.isEmpty();
    }

    public Step next() {
        nowMs += random.nextInt(50);
        if (random.nextInt(12) == 0 && active.logSizeBytes() > 0) {
            return seal();
        }
        long producer = 1 + random.nextInt(PRODUCERS);
        ByteBuffer batch = switch (random.nextInt(6)) {
            case 0, 1 -> data(RecordBatch.NO_PRODUCER_ID, false);
            case 2 -> openByProducer.containsKey(producer) ? data(producer, true) : data(producer, false);
            case 3, 4 -> data(producer, true);
            default -> openByProducer.containsKey(producer) ? marker(producer, random.nextBoolean()) : data(producer, true);
        };
        return append(batch);
    }

    public Step endTransaction() {
        return append(marker(openByProducer.firstKey(), random.nextBoolean()));
    }

    public Step seal() {
        segments.add(active);
        active = new MemorySegment(nextOffset, nextOffset);
        return new Step(ByteBuffer.allocate(0), true);
    }

    private Step append(ByteBuffer batch) {
        active.batch(batch);
        nextOffset = MemoryRecords.readableRecords(batch.duplicate()).batches().iterator().next().nextOffset();
        active.nextOffset = nextOffset;
        return new Step(batch, false);
    }

    private ByteBuffer data(long producer, boolean transactional) {
        SimpleRecord[] records = new SimpleRecord[1 + random.nextInt(6)];
        for (int i = 0; i < records.length; i++) {
            records[i] = record();
        }
        CompressionType codec = CompressionType.values()[random.nextInt(CompressionType.values().length)];
        TimestampType times = random.nextInt(5) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        short epoch = producer == RecordBatch.NO_PRODUCER_ID ? RecordBatch.NO_PRODUCER_EPOCH : epochs.computeIfAbsent(producer, id -> (short) 0);
        int sequence = producer == RecordBatch.NO_PRODUCER_ID ? RecordBatch.NO_SEQUENCE : sequences.getOrDefault(producer, 0);
        if (producer != RecordBatch.NO_PRODUCER_ID) {
            sequences.put(producer, sequence + records.length);
            lastOffsets.put(producer, nextOffset + records.length - 1);
        }
        if (transactional) {
            openByProducer.putIfAbsent(producer, nextOffset);
        }
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, nextOffset, Compression.of(codec).build(), times, producer, epoch, sequence, random.nextInt(3), transactional,
                records).buffer();
    }

    private SimpleRecord record() {
        byte[] key = keyless && random.nextInt(10) == 0 ? null : ("key-" + random.nextInt(keys)).getBytes(StandardCharsets.UTF_8);
        byte[] value = random.nextInt(4) == 0 ? null : ("value-" + random.nextLong()).repeat(random.nextInt(20)).getBytes(StandardCharsets.UTF_8);
        return new SimpleRecord(nowMs - random.nextInt(100), key, value);
    }

    /** Every other marker raises the epoch, as transactions v2 do. */
    private ByteBuffer marker(long producer, boolean commit) {
        if (random.nextBoolean()) {
            epochs.merge(producer, (short) 1, (a, b) -> (short) (a + b));
            sequences.remove(producer);
            lastOffsets.remove(producer);
        }
        long start = openByProducer.remove(producer);
        if (!commit) {
            long stable = openByProducer.isEmpty() ? nextOffset + 1 : openByProducer.values().stream().mapToLong(Long::longValue).min().orElseThrow();
            aborted.add(new AbortedTransaction(producer, start, nextOffset, stable));
        }
        return MemoryRecords.withEndTransactionMarker(nextOffset, nowMs, 0, producer, epochs.get(producer),
                new EndTransactionMarker(commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT, 0)).buffer();
    }
}
