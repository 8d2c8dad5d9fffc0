package io.firn.retention.compaction;

import java.util.Iterator;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/** What a control batch is to compaction. */
enum Control {
    COMMIT,
    ABORT,

    /** Its marker was removed by an earlier pass. */
    EMPTY,

    /** Something compaction knows nothing about, and keeps. */
    OTHER;

    static Control of(DefaultRecordBatch batch) {
        try {
            Iterator<Record> records = batch.iterator();
            return records.hasNext() ? of(ControlRecordType.parse(records.next().key())) : EMPTY;
        } catch (RuntimeException notReadable) {
            return OTHER;
        }
    }

    private static Control of(ControlRecordType type) {
        return switch (type) {
            case COMMIT -> COMMIT;
            case ABORT -> ABORT;
            default -> OTHER;
        };
    }
}
