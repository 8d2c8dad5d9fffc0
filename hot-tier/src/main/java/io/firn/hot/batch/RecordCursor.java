package io.firn.hot.batch;

import io.firn.hot.RecordBuffers;

/**
 * Steps through the records of one uncompressed batch and says where each one's key and value lie.
 *
 * <p>Layout of a record (KIP-98; varint and varlong are zig-zag):
 * <pre>
 * length varint │ attributes int8 │ timestampDelta varlong │ offsetDelta varint │ keyLength varint │ key │ valueLength varint │ value │
 * headerCount varint │ { keyLength varint, key, valueLength varint, value } …
 * </pre>
 * A length of -1 is null (not for header keys). Headers are not stepped through: {@code length} leads to the next record.
 *
 * <p>Threading: confined to one thread.
 */
final class RecordCursor {

    /** Fewest bytes a record can have: seven one-byte fields. */
    static final int MIN_RECORD_BYTES = 7;

    private final RecordBuffers bytes;
    private final int end;
    private int at;
    private int recordEnd;

    private long timestampDelta;
    private int offsetDelta;
    private int keyAt;
    private int keyBytes;
    private int valueAt;
    private int valueBytes;

    RecordCursor(BatchHeader batch) {
        this.bytes = batch.bytes();
        this.end = batch.position() + batch.sizeInBytes();
        this.at = batch.position() + BatchHeader.SIZE_BYTES;
    }

    boolean hasNext() {
        return at < end;
    }

    /** Reads the next record; there must be one. */
    void next() throws MalformedRecord {
        recordEnd = end;
        int length = (int) varlong(5);
        if (length < MIN_RECORD_BYTES - 1 || length > end - at) {
            throw new MalformedRecord("record length " + length + " with " + (end - at) + " bytes left in the batch");
        }
        recordEnd = at + length;
        octet();
        timestampDelta = varlong(10);
        offsetDelta = (int) varlong(5);
        keyBytes = fieldBytes("key");
        keyAt = at;
        at += Math.max(0, keyBytes);
        valueBytes = fieldBytes("value");
        valueAt = at;
        at = recordEnd;
    }

    /** Milliseconds after the batch's base timestamp. */
    long timestampDelta() {
        return timestampDelta;
    }

    /** Offset after the batch's base offset. */
    int offsetDelta() {
        return offsetDelta;
    }

    /** -1 for a record without key. */
    int keyBytes() {
        return keyBytes;
    }

    int keyAt() {
        return keyAt;
    }

    /** -1 for a tombstone. */
    int valueBytes() {
        return valueBytes;
    }

    int valueAt() {
        return valueAt;
    }

    private int fieldBytes(String field) throws MalformedRecord {
        int length = (int) varlong(5);
        if (length < -1 || length > recordEnd - at) {
            throw new MalformedRecord(field + " length " + length + " with " + (recordEnd - at) + " bytes left in the record");
        }
        return length;
    }

    private long varlong(int maxBytes) throws MalformedRecord {
        long raw = 0;
        for (int i = 0; i < maxBytes; i++) {
            byte octet = octet();
            raw |= (octet & 0x7FL) << 7 * i;
            if (octet >= 0) {
                return raw >>> 1 ^ -(raw & 1);
            }
        }
        throw new MalformedRecord("variable-length number of more than " + maxBytes + " bytes");
    }

    private byte octet() throws MalformedRecord {
        if (at >= recordEnd) {
            throw new MalformedRecord("record ends inside a field");
        }
        return bytes.byteAt(at++);
    }

    /** The bytes are not records. */
    static final class MalformedRecord extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedRecord(String message) {
            super(message, null, false, false);
        }
    }
}
