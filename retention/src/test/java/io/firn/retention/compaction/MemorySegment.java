package io.firn.retention.compaction;

import io.firn.cold.SegmentSource;
import io.firn.hot.AbortedTransaction;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** A segment in memory: what passes of tests read and write. */
final class MemorySegment implements SegmentSource, BatchSink {
    final long baseOffset;
    long nextOffset;
    final List<AbortedTransaction> aborted = new ArrayList<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    MemorySegment(long baseOffset, long nextOffset) {
        this.baseOffset = baseOffset;
        this.nextOffset = nextOffset;
    }

    @Override
    public void batch(ByteBuffer batch) {
        byte[] copy = new byte[batch.remaining()];
        batch.duplicate().get(copy);
        bytes.writeBytes(copy);
    }

    @Override
    public void aborted(AbortedTransaction transaction) {
        aborted.add(transaction);
    }

    List<MutableRecordBatch> batches() {
        List<MutableRecordBatch> all = new ArrayList<>();
        MemoryRecords.readableRecords(ByteBuffer.wrap(bytes.toByteArray())).batches().forEach(all::add);
        return all;
    }

    List<Record> records() {
        List<Record> all = new ArrayList<>();
        batches().forEach(batch -> batch.forEach(all::add));
        return all;
    }

    /** Compacts one segment alone, or a run as one group. */
    static MemorySegment rewrite(CompactionPass pass, List<MemorySegment> group) throws IOException {
        MemorySegment target = new MemorySegment(group.get(0).baseOffset, group.get(group.size() - 1).nextOffset);
        pass.beginGroup();
        for (int i = 0; i < group.size(); i++) {
            pass.rewrite(group.get(i), i == group.size() - 1, target);
        }
        return target;
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
        return bytes.size();
    }

    @Override
    public long maxTimestampMs() {
        return -1;
    }

    @Override
    public int readLog(long position, ByteBuffer target) {
        byte[] all = bytes.toByteArray();
        int length = (int) Math.min(target.remaining(), all.length - position);
        target.put(all, (int) position, length);
        return length;
    }

    @Override
    public ByteBuffer offsetIndex() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ByteBuffer timeIndex() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ByteBuffer transactionIndex() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ByteBuffer leaderEpochs() {
        throw new UnsupportedOperationException();
    }

    @Override
    public ByteBuffer producerSnapshot() {
        throw new UnsupportedOperationException();
    }
}
