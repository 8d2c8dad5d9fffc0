package io.firn.hot.batch;

import io.firn.hot.RecordBuffers;

/**
 * What the record of a control batch says.
 *
 * <p>Layout of a transaction marker (KIP-98; Kafka's {@code ControlRecordTypeSchema}, {@code EndTxnMarker}):
 * <pre>
 * key    version int16 │ type int16: 0 abort, 1 commit
 * value  version int16 │ coordinatorEpoch int32
 * </pre>
 * Newer versions may append fields; they are read as version 0.
 */
public sealed interface ControlRecord {

    /**
     * The end of a transaction.
     *
     * @param commit committed, else aborted
     * @param coordinatorEpoch leader epoch of the coordinator's partition, by which a deposed coordinator is told
     * @param timestampMs of the record, Unix milliseconds
     */
    record Marker(boolean commit, int coordinatorEpoch, long timestampMs) implements ControlRecord {}

    /** The batch has no record any more: compaction removed the transaction. */
    record None() implements ControlRecord {}

    /** Not a transaction marker. */
    record Malformed(String message) implements ControlRecord {}

    /** Reads the first record of a control batch that {@link BatchCheck#structure} found sound. */
    static ControlRecord of(BatchHeader batch) {
        if (batch.recordCount() == 0) {
            return new None();
        }
        if (batch.isCompressed()) {
            return new Malformed("a control batch is never compressed");
        }
        RecordCursor record = new RecordCursor(batch);
        if (!record.hasNext()) {
            return new Malformed("the control batch has no bytes for its record");
        }
        try {
            record.next();
        } catch (RecordCursor.MalformedRecord e) {
            return new Malformed(e.getMessage());
        }
        return marker(batch, record);
    }

    private static ControlRecord marker(BatchHeader batch, RecordCursor record) {
        if (record.keyBytes() < 4 || record.valueBytes() < 6) {
            return new Malformed("control record with a key of " + record.keyBytes() + " and a value of " + record.valueBytes() + " bytes");
        }
        RecordBuffers bytes = batch.bytes();
        short keyVersion = bytes.shortAt(record.keyAt());
        short type = bytes.shortAt(record.keyAt() + 2);
        short valueVersion = bytes.shortAt(record.valueAt());
        if (keyVersion < 0 || valueVersion < 0 || type < 0 || type > 1) {
            return new Malformed("control record of type " + type + ", key version " + keyVersion + ", value version " + valueVersion);
        }
        long timestampMs = batch.isLogAppendTime() ? batch.maxTimestamp() : batch.baseTimestamp() + record.timestampDelta();
        return new Marker(type == 1, bytes.intAt(record.valueAt() + 2), timestampMs);
    }
}
