package io.firn.hot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** Reads logs as a consumer does: fetch after fetch, whole batches only, checking every batch. */
public final class LogReads {

    private LogReads() {}

    /** Offsets of the records from the batch that holds {@code from} up to {@code limit}, read in small fetches. */
    public static List<Long> offsets(HotLog log, long from, long limit) throws IOException {
        return records(log, from, limit, 700).stream().map(Record::offset).toList();
    }

    public static List<Record> records(HotLog log, long from, long limit, int maxBytes) throws IOException {
        return records(log, from, limit, maxBytes, () -> {});
    }

    /** @param background does what the log has given to its pool, after a read that found nothing yet */
    public static List<Record> records(HotLog log, long from, long limit, int maxBytes, Runnable background) throws IOException {
        List<Record> found = new ArrayList<>();
        long next = from;
        while (next < limit) {
            ReadResult result = log.read(next, maxBytes, limit, true);
            if (result instanceof ReadResult.AtEnd) {
                background.run();
                result = log.read(next, maxBytes, limit, true);
            }
            if (!(result instanceof ReadResult.Range range)) {
                throw new AssertionError("at offset " + next + " of " + limit + ": " + result);
            }
            long before = next;
            for (MutableRecordBatch batch : batches(range.range())) {
                if (batch.lastOffset() < next) {
                    continue;
                }
                if (batch.lastOffset() >= limit) {
                    throw new AssertionError("batch to " + batch.lastOffset() + " although the limit is " + limit);
                }
                batch.forEach(found::add);
                next = batch.nextOffset();
            }
            if (next == before) {
                throw new AssertionError("no progress at offset " + next);
            }
        }
        return found;
    }

    /** The whole batches of a range, which is released. */
    public static List<MutableRecordBatch> batches(FileRange range) throws IOException {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            range.transferTo(0, range.sizeBytes(), Channels.newChannel(out));
            List<MutableRecordBatch> batches = new ArrayList<>();
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(out.toByteArray())).batches()) {
                batch.ensureValid();
                batches.add(batch);
            }
            return batches;
        } finally {
            range.release();
        }
    }
}
