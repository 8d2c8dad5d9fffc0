package io.firn.cold;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * A sealed segment in memory, made of real record batches by Kafka's own builder, with indexes as a broker would write them.
 */
public final class SegmentFixture implements SegmentSource {

    /** Kafka's default distance of index entries. */
    private static final int INDEX_INTERVAL_BYTES = 4096;

    /** One batch, as the fixture knows it. */
    public record Batch(long baseOffset, long nextOffset, int position, int sizeBytes) {}

    /** One record. */
    public record Rec(long offset, long timestampMs) {}

    private final long baseOffset;
    private final int leaderEpoch;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final ByteArrayOutputStream offsetIndex = new ByteArrayOutputStream();
    private final ByteArrayOutputStream timeIndex = new ByteArrayOutputStream();
    private final ByteArrayOutputStream transactionIndex = new ByteArrayOutputStream();
    private final ByteArrayOutputStream openTransactions = new ByteArrayOutputStream();
    private final List<Batch> batches = new ArrayList<>();
    private final List<Rec> records = new ArrayList<>();
    private String epochs;
    private long nextOffset;
    private long maxTimestampMs = -1;
    private long maxTimestampOffset;
    private int indexedAt;
    private byte[] bytes;

    public SegmentFixture(long baseOffset, int leaderEpoch) {
        this.baseOffset = baseOffset;
        this.nextOffset = baseOffset;
        this.leaderEpoch = leaderEpoch;
        this.epochs = "0\n1\n" + leaderEpoch + " 0\n";
    }

    /** A segment of at least {@code sizeBytes} with batches of random size and compression; timestamps rise with jitter from the base offset on. */
    public static SegmentFixture random(RandomGenerator random, long baseOffset, int leaderEpoch, int sizeBytes) {
        SegmentFixture segment = new SegmentFixture(baseOffset, leaderEpoch);
        Compression[] codecs = {Compression.NONE, Compression.NONE, Compression.gzip().build(), Compression.lz4().build(), Compression.zstd().build()};
        int typical = 1 << random.nextInt(4, 14);
        while (segment.log.size() < sizeBytes) {
            segment.batch(random, codecs[random.nextInt(codecs.length)], random.nextInt(1, 20), random.nextInt(1, 2 * typical));
        }
        return segment;
    }

    /** Appends a batch of {@code count} records with random values of {@code valueBytes}. */
    public SegmentFixture batch(RandomGenerator random, Compression compression, int count, int valueBytes) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(count * (valueBytes + 64) + 1024), RecordBatch.MAGIC_VALUE_V2, compression,
                TimestampType.CREATE_TIME, nextOffset, RecordBatch.NO_TIMESTAMP, leaderEpoch);
        for (int i = 0; i < count; i++) {
            byte[] value = new byte[valueBytes];
            random.nextBytes(value);
            long timestampMs = 10_000 + 10 * (nextOffset + i) + random.nextInt(200);
            builder.appendWithOffset(nextOffset + i, timestampMs, null, value);
            note(new Rec(nextOffset + i, timestampMs));
        }
        add(builder.build().buffer(), count);
        return this;
    }

    /** Appends a batch of a transaction. */
    public SegmentFixture transactional(long producerId, int count) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(count * 64 + 1024), RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, nextOffset,
                RecordBatch.NO_TIMESTAMP, producerId, (short) 0, 0, true, leaderEpoch);
        for (int i = 0; i < count; i++) {
            builder.appendWithOffset(nextOffset + i, 10_000 + 10 * (nextOffset + i), null, new byte[] {1});
            note(new Rec(nextOffset + i, 10_000 + 10 * (nextOffset + i)));
        }
        add(builder.build().buffer(), count);
        return this;
    }

    /** Appends the marker that ends a transaction. */
    public SegmentFixture marker(long producerId, boolean commit) {
        MemoryRecords marker = MemoryRecords.withEndTransactionMarker(nextOffset, 10_000 + 10 * nextOffset, leaderEpoch, producerId, (short) 0,
                new EndTransactionMarker(commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT, 1));
        add(marker.buffer(), 1);
        return this;
    }

    /** Makes the producer snapshot say that a transaction is open. */
    public SegmentFixture open(long producerId, long firstOffset) {
        openTransactions.writeBytes(ByteBuffer.allocate(46).putLong(producerId).putShort((short) 0).putInt(0).putLong(firstOffset).putInt(0).putLong(10_000).putInt(-1).putLong(firstOffset).array());
        return this;
    }

    /** What compaction leaves of segments that follow each other: some batches as they were, the others gone without a trace. */
    public static SegmentFixture compacted(RandomGenerator random, List<SegmentFixture> segments, int keptPercent) {
        SegmentFixture first = segments.get(0);
        SegmentFixture compacted = new SegmentFixture(first.baseOffset, first.leaderEpoch);
        List<byte[]> all = new ArrayList<>();
        List<Batch> ranges = new ArrayList<>();
        for (SegmentFixture segment : segments) {
            for (Batch batch : segment.batches) {
                all.add(segment.bytes(batch.baseOffset(), batch.nextOffset()));
                ranges.add(batch);
            }
        }
        int sure = random.nextInt(ranges.size());
        for (int i = 0; i < ranges.size(); i++) {
            if (i == sure || random.nextInt(100) < keptPercent) {
                compacted.copy(all.get(i), ranges.get(i), segments);
            }
        }
        return compacted.upTo(segments.get(segments.size() - 1).nextOffset);
    }

    private void copy(byte[] batch, Batch range, List<SegmentFixture> from) {
        nextOffset = range.baseOffset();
        for (SegmentFixture segment : from) {
            for (Rec record : segment.records) {
                if (record.offset() >= range.baseOffset() && record.offset() < range.nextOffset()) {
                    note(record);
                }
            }
        }
        add(ByteBuffer.wrap(batch), (int) (range.nextOffset() - range.baseOffset()));
    }

    /** Ends the segment's range there; what lies between its last batch and that is a gap. */
    public SegmentFixture upTo(long offset) {
        nextOffset = offset;
        return this;
    }

    private void note(Rec record) {
        records.add(record);
        if (record.timestampMs() > maxTimestampMs) {
            maxTimestampMs = record.timestampMs();
            maxTimestampOffset = record.offset();
        }
    }

    /** Appends a batch without records, as compaction leaves one where a range of offsets has to be kept; its header says {@code timestampMs}. */
    public SegmentFixture emptyBatch(int offsets, long timestampMs) {
        ByteBuffer header = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(header, RecordBatch.MAGIC_VALUE_V2, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, nextOffset,
                nextOffset + offsets - 1, leaderEpoch, TimestampType.CREATE_TIME, timestampMs, false, false);
        add(header.rewind(), offsets);
        return this;
    }

    private void add(ByteBuffer batch, int count) {
        long last = nextOffset + count - 1;
        if (log.size() - indexedAt > INDEX_INTERVAL_BYTES) {
            offsetIndex.writeBytes(ByteBuffer.allocate(8).putInt((int) (last - baseOffset)).putInt(log.size()).array());
            timeEntry();
            indexedAt = log.size();
        }
        byte[] copy = new byte[batch.remaining()];
        batch.get(copy);
        batches.add(new Batch(nextOffset, last + 1, log.size(), copy.length));
        log.writeBytes(copy);
        nextOffset = last + 1;
        bytes = null;
    }

    private void timeEntry() {
        timeIndex.writeBytes(ByteBuffer.allocate(12).putLong(maxTimestampMs).putInt((int) (maxTimestampOffset - baseOffset)).array());
    }

    /** Adds an entry to the transaction index. */
    public SegmentFixture aborted(long producerId, long firstOffset, long lastOffset, long lastStableOffset) {
        transactionIndex.writeBytes(ByteBuffer.allocate(34).putShort((short) 0).putLong(producerId).putLong(firstOffset).putLong(lastOffset)
                .putLong(lastStableOffset).array());
        return this;
    }

    public SegmentFixture epochs(String text) {
        epochs = text;
        return this;
    }

    public List<Batch> batches() {
        return batches;
    }

    public List<Rec> records() {
        return records;
    }

    public byte[] bytes() {
        if (bytes == null) {
            bytes = log.toByteArray();
        }
        return bytes;
    }

    /** Log bytes of the batches whose records lie in {@code [from, to)}; both are batch borders. */
    public byte[] bytes(long from, long to) {
        int begin = batches.stream().filter(batch -> batch.baseOffset() == from).findFirst().orElseThrow().position();
        Batch last = batches.stream().filter(batch -> batch.nextOffset() == to).findFirst().orElseThrow();
        return Arrays.copyOfRange(bytes(), begin, last.position() + last.sizeBytes());
    }

    public Batch batchOf(long offset) {
        return batches.stream().filter(batch -> offset < batch.nextOffset()).findFirst().orElseThrow();
    }

    @Override
    public long baseOffset() {
        return baseOffset;
    }

    @Override
    public long nextOffset() {
        return nextOffset;
    }

    @Override
    public long logSizeBytes() {
        return log.size();
    }

    @Override
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    @Override
    public int readLog(long position, ByteBuffer target) {
        int count = (int) Math.min(target.remaining(), bytes().length - position);
        target.put(bytes(), (int) position, count);
        return count;
    }

    @Override
    public ByteBuffer offsetIndex() {
        return ByteBuffer.wrap(offsetIndex.toByteArray());
    }

    @Override
    public ByteBuffer timeIndex() {
        return ByteBuffer.wrap(timeIndex.toByteArray());
    }

    @Override
    public ByteBuffer transactionIndex() {
        return ByteBuffer.wrap(transactionIndex.toByteArray());
    }

    @Override
    public ByteBuffer leaderEpochs() {
        return ByteBuffer.wrap(epochs.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public ByteBuffer producerSnapshot() {
        byte[] entries = openTransactions.toByteArray();
        return ByteBuffer.allocate(10 + entries.length).putShort((short) 1).putInt(0).putInt(entries.length / 46).put(entries).flip();
    }
}
