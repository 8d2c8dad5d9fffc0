package io.firn.hot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;

/** Rewrites segments as compaction does, but by a simple rule: which batches stay. */
final class Rewrites {

    private Rewrites() {}

    static List<ByteBuffer> batches(SealedSegment segment) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) segment.sizeBytes());
        segment.readLog(0, bytes);
        List<ByteBuffer> batches = new ArrayList<>();
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes.flip()).batches()) {
            ByteBuffer copy = ByteBuffer.allocate(batch.sizeInBytes());
            batch.writeTo(copy);
            batches.add(copy.flip());
        }
        return batches;
    }

    /** Writes the batches of the run whose base offset stays, and its last one. */
    static void write(SegmentRewrite rewrite, List<SealedSegment> run, LongPredicate stays) throws IOException {
        for (SealedSegment segment : run) {
            for (ByteBuffer batch : batches(segment)) {
                long last = batch.getLong(0) + batch.getInt(23);
                if (stays.test(batch.getLong(0)) || last + 1 == rewrite.nextOffset()) {
                    rewrite.append(batch);
                }
            }
        }
        rewrite.finish();
    }
}
