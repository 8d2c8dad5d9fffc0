package io.firn.cold.segment;

import io.firn.cold.ColdStoreException;

/**
 * The header of a Kafka record batch of magic 2 (Kafka documentation, "Record Batch"); big-endian.
 *
 * <pre>
 *   0  i64  base offset              21  i16  attributes          43  i64  producer id
 *   8  i32  length after this field  23  i32  last offset delta   51  i16  producer epoch
 *  12  i32  partition leader epoch   27  i64  base timestamp      53  i32  base sequence
 *  16  i8   magic                    35  i64  max timestamp       57  i32  record count
 *  17  i32  CRC32C from 21 on
 * </pre>
 */
public final class BatchHeader {

    public static final int BYTES = 61;
    /** What the length field does not count: base offset and itself. */
    public static final int LENGTH_OVERHEAD = 12;
    public static final int LENGTH_AT = 8;
    public static final int LEADER_EPOCH_AT = 12;
    public static final int MAGIC_AT = 16;
    public static final int CRC_AT = 17;
    public static final int ATTRIBUTES_AT = 21;
    public static final int LAST_OFFSET_DELTA_AT = 23;
    public static final int MAX_TIMESTAMP_AT = 35;
    public static final int RECORD_COUNT_AT = 57;

    private BatchHeader() {}

    /** Size of the whole batch, from its length field; {@link ColdStoreException.Corrupt} if no batch can be so short. */
    public static int sizeBytes(int lengthField) {
        if (lengthField < BYTES - LENGTH_OVERHEAD || lengthField > Integer.MAX_VALUE - LENGTH_OVERHEAD) {
            throw new ColdStoreException.Corrupt("Record batch of length " + lengthField, null);
        }
        return lengthField + LENGTH_OVERHEAD;
    }

    /** Offset after the last record; {@link ColdStoreException.Corrupt} for impossible values. */
    public static long nextOffset(long baseOffset, int lastOffsetDelta) {
        if (baseOffset < 0 || lastOffsetDelta < 0) {
            throw new ColdStoreException.Corrupt("Record batch of base offset " + baseOffset + " and last delta " + lastOffsetDelta, null);
        }
        return baseOffset + lastOffsetDelta + 1;
    }

    public static void requireMagic(byte magic) {
        if (magic != 2) {
            throw new ColdStoreException.Corrupt("Record batch of magic " + magic, null);
        }
    }
}
