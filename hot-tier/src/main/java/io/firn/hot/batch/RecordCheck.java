package io.firn.hot.batch;

import io.firn.hot.AppendError;
import io.firn.hot.HotLogConfig;
import io.firn.hot.RecordFault;
import io.firn.hot.batch.BatchVerdict.Refused;
import io.firn.hot.batch.BatchVerdict.Sound;
import java.util.ArrayList;
import java.util.List;

/**
 * Looks at every record of one uncompressed batch whose header is sound: that there are as many as the header says, with keys where the topic is
 * compacted, and with timestamps the topic allows. Kafka's {@code LogValidator}, record by record.
 *
 * <p>Threading: confined to one thread; for one batch.
 */
final class RecordCheck {

    /** Records named in one refusal; of a batch with more faults the others stay unnamed, else a small request could ask for an answer many times its size. */
    static final int MAX_FAULTS = 1000;

    private final BatchHeader header;
    private final HotLogConfig config;
    private final long nowMs;
    private final boolean offsetsToo;
    private final List<RecordFault> faults = new ArrayList<>();
    private boolean faultInTime;
    private long maxTimestampMs = BatchHeader.NO_TIMESTAMP;

    /** @param offsetsToo also refuse offsets that are not consecutive: Kafka takes them as they are, too, in an uncompressed batch it does not rewrite */
    RecordCheck(BatchHeader header, HotLogConfig config, long nowMs, boolean offsetsToo) {
        this.header = header;
        this.config = config;
        this.nowMs = nowMs;
        this.offsetsToo = offsetsToo;
    }

    /** The largest timestamp of the records, once {@link #verdict()} has looked at them; -1 for none. */
    long maxTimestampMs() {
        return maxTimestampMs;
    }

    BatchVerdict verdict() {
        RecordCursor record = new RecordCursor(header);
        int count = header.recordCount();
        try {
            for (int i = 0; i < count; i++) {
                if (!record.hasNext()) {
                    return invalid("the batch ends after " + i + " of " + count + " records");
                }
                record.next();
                if (offsetsToo && record.offsetDelta() != i) {
                    return invalid("record " + i + " has the offset delta " + record.offsetDelta());
                }
                look(i, record);
            }
        } catch (RecordCursor.MalformedRecord e) {
            return invalid(e.getMessage());
        }
        return record.hasNext() ? invalid("bytes follow the last of " + count + " records") : found();
    }

    private void look(int index, RecordCursor record) {
        long timestampMs = header.baseTimestamp() + record.timestampDelta();
        maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
        if (config.compacted() && record.keyBytes() < 0) {
            fault(index, "no key, but the topic is compacted");
        } else if (!config.logAppendTime() && BatchCheck.outOfRange(timestampMs, config, nowMs)) {
            faultInTime = true;
            fault(index, BatchCheck.range(config, nowMs, "Timestamp " + timestampMs + " of message with offset " + index));
        }
    }

    private void fault(int index, String message) {
        if (faults.size() < MAX_FAULTS) {
            faults.add(new RecordFault(index, message));
        }
    }

    private BatchVerdict found() {
        if (faults.isEmpty()) {
            return Sound.SOUND;
        }
        return faultInTime ? new Refused(AppendError.INVALID_TIMESTAMP, BatchCheck.TIMESTAMPS_REJECTED, faults)
                : new Refused(AppendError.INVALID_RECORD, "record " + faults.get(0).index() + " has " + faults.get(0).message(), faults);
    }

    private static BatchVerdict invalid(String message) {
        return new Refused(AppendError.INVALID_RECORD, message);
    }
}
