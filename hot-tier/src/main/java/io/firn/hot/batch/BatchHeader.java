package io.firn.hot.batch;

import io.firn.hot.RecordBuffers;

/**
 * A reusable window on the header of one record batch, magic 2: reads its fields and patches those a broker may patch.
 *
 * <p>Layout, big-endian (Kafka protocol guide, "Record Batch"; KIP-98):
 * <pre>
 *  0              8       12      16 17      21    23      27              35
 * ┌──────────────┬───────┬───────┬──┬───────┬─────┬───────┬───────────────┬───────────────┐
 * │ baseOffset   │ length│ leader│m │ crc   │attri│ last  │ base          │ max           │
 * │              │       │ epoch │ =│       │butes│ offset│ timestamp     │ timestamp     │
 * │              │       │       │ 2│       │     │ delta │ (Unix ms)     │ (Unix ms)     │
 * └──────────────┴───────┴───────┴──┴───────┴─────┴───────┴───────────────┴───────────────┘
 *  43             51    53      57      61
 * ┌──────────────┬─────┬───────┬───────┬─────────── … ┐
 * │ producerId   │epoch│ base  │ record│ records      │
 * │              │     │ sequ. │ count │              │
 * └──────────────┴─────┴───────┴───────┴─────────── … ┘
 *
 * length      bytes after this field, so the batch is 12 + length bytes
 * crc         CRC32C of everything from attributes on
 * attributes  bits 0-2 compression · 3 timestamp type · 4 transactional · 5 control · 6 base timestamp is a delete horizon
 * </pre>
 *
 * <p>The getters check nothing: {@link BatchCheck} says first whether the bytes are a batch. Only {@link #assignBaseOffset} and
 * {@link #assignLeaderEpoch} leave the CRC valid by themselves, because they lie before it.
 *
 * <p>Threading: confined to one thread; one instance serves any number of batches, one after the other.
 */
public final class BatchHeader {

    /** Bytes of the header; the smallest size a batch can have. */
    public static final int SIZE_BYTES = 61;

    /** Bytes before the part that {@code length} counts. */
    public static final int LOG_OVERHEAD_BYTES = 12;

    /** Bytes needed to know size and magic of a batch of any version. */
    public static final int MAGIC_END = 17;

    public static final byte MAGIC = 2;
    public static final long NO_PRODUCER_ID = -1;
    public static final short NO_PRODUCER_EPOCH = -1;
    public static final int NO_SEQUENCE = -1;
    public static final long NO_TIMESTAMP = -1;

    static final int LENGTH_AT = 8;
    static final int MAGIC_AT = 16;
    private static final int LEADER_EPOCH_AT = 12;
    private static final int CRC_AT = 17;
    private static final int ATTRIBUTES_AT = 21;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int BASE_TIMESTAMP_AT = 27;
    private static final int MAX_TIMESTAMP_AT = 35;
    private static final int PRODUCER_ID_AT = 43;
    private static final int PRODUCER_EPOCH_AT = 51;
    private static final int BASE_SEQUENCE_AT = 53;
    private static final int RECORD_COUNT_AT = 57;

    private static final int COMPRESSION_MASK = 0x07;
    private static final int LOG_APPEND_TIME_BIT = 0x08;
    private static final int TRANSACTIONAL_BIT = 0x10;
    private static final int CONTROL_BIT = 0x20;
    private static final int DELETE_HORIZON_BIT = 0x40;

    private RecordBuffers bytes = RecordBuffers.of();
    private int position;

    /** Points this window at the batch that begins at {@code position} of {@code bytes}; returns itself. */
    public BatchHeader wrap(RecordBuffers bytes, int position) {
        this.bytes = bytes;
        this.position = position;
        return this;
    }

    /** Index of the batch's first byte in {@link #bytes()}. */
    public int position() {
        return position;
    }

    public RecordBuffers bytes() {
        return bytes;
    }

    public long baseOffset() {
        return bytes.longAt(position);
    }

    /** Size of the whole batch, header included; meaningless (even negative) before the length was checked. */
    public int sizeInBytes() {
        return LOG_OVERHEAD_BYTES + bytes.intAt(position + LENGTH_AT);
    }

    public int partitionLeaderEpoch() {
        return bytes.intAt(position + LEADER_EPOCH_AT);
    }

    public byte magic() {
        return bytes.byteAt(position + MAGIC_AT);
    }

    /** The CRC32C stored in the header. */
    public int crc() {
        return bytes.intAt(position + CRC_AT);
    }

    /** The CRC32C the bytes have. */
    public int computeCrc() {
        return bytes.crc32c(position + ATTRIBUTES_AT, position + sizeInBytes());
    }

    public short attributes() {
        return bytes.shortAt(position + ATTRIBUTES_AT);
    }

    /** Codec id: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd, 5 to 7 unassigned. */
    public int compressionId() {
        return attributes() & COMPRESSION_MASK;
    }

    public boolean isCompressed() {
        return compressionId() != 0;
    }

    /** The timestamps are the broker's: all records have {@link #maxTimestamp()}. */
    public boolean isLogAppendTime() {
        return (attributes() & LOG_APPEND_TIME_BIT) != 0;
    }

    public boolean isTransactional() {
        return (attributes() & TRANSACTIONAL_BIT) != 0;
    }

    public boolean isControl() {
        return (attributes() & CONTROL_BIT) != 0;
    }

    /** {@link #baseTimestamp()} is the time from which compaction may drop the batch's tombstones (KIP-534). */
    public boolean hasDeleteHorizon() {
        return (attributes() & DELETE_HORIZON_BIT) != 0;
    }

    public int lastOffsetDelta() {
        return bytes.intAt(position + LAST_OFFSET_DELTA_AT);
    }

    /** Unix milliseconds that the records' timestamp deltas count from; -1 none. */
    public long baseTimestamp() {
        return bytes.longAt(position + BASE_TIMESTAMP_AT);
    }

    /** Largest record timestamp as the producer, or under LogAppendTime the broker, says; Unix milliseconds, -1 none. */
    public long maxTimestamp() {
        return bytes.longAt(position + MAX_TIMESTAMP_AT);
    }

    public long producerId() {
        return bytes.longAt(position + PRODUCER_ID_AT);
    }

    public boolean hasProducerId() {
        return producerId() > NO_PRODUCER_ID;
    }

    public short producerEpoch() {
        return bytes.shortAt(position + PRODUCER_EPOCH_AT);
    }

    /** Sequence of the first record, or {@link #NO_SEQUENCE}. */
    public int baseSequence() {
        return bytes.intAt(position + BASE_SEQUENCE_AT);
    }

    /** Sequence of the last record (after 2^31-1 comes 0), or {@link #NO_SEQUENCE}. */
    public int lastSequence() {
        int baseSequence = baseSequence();
        return baseSequence == NO_SEQUENCE ? NO_SEQUENCE : (baseSequence + lastOffsetDelta()) & Integer.MAX_VALUE;
    }

    public int recordCount() {
        return bytes.intAt(position + RECORD_COUNT_AT);
    }

    /** Offset of the last record, inclusive; in a compacted batch perhaps of one that is gone. */
    public long lastOffset() {
        return baseOffset() + lastOffsetDelta();
    }

    /** Offset the next batch may begin with. */
    public long nextOffset() {
        return lastOffset() + 1;
    }

    public void assignBaseOffset(long baseOffset) {
        bytes.putLong(position, baseOffset);
    }

    public void assignLeaderEpoch(int leaderEpoch) {
        bytes.putInt(position + LEADER_EPOCH_AT, leaderEpoch);
    }

    /** Makes {@code timestampMs} (Unix milliseconds) the time of every record and mends the CRC, which reads the whole batch. */
    public void stampLogAppendTime(long timestampMs) {
        bytes.putShort(position + ATTRIBUTES_AT, (short) (attributes() | LOG_APPEND_TIME_BIT));
        bytes.putLong(position + MAX_TIMESTAMP_AT, timestampMs);
        mendCrc();
    }

    /** Writes the CRC the bytes have, which reads the whole batch. */
    public void mendCrc() {
        bytes.putInt(position + CRC_AT, computeCrc());
    }

    /** Says that the records are {@code recordBytes} long in the codec {@code compressionId}; the CRC is to be mended. */
    public void recode(int compressionId, int recordBytes) {
        bytes.putInt(position + LENGTH_AT, SIZE_BYTES - LOG_OVERHEAD_BYTES + recordBytes);
        bytes.putShort(position + ATTRIBUTES_AT, (short) (attributes() & ~COMPRESSION_MASK | compressionId));
    }

    /** Sets the largest timestamp of the records; the CRC is to be mended. */
    public void correctMaxTimestamp(long timestampMs) {
        bytes.putLong(position + MAX_TIMESTAMP_AT, timestampMs);
    }
}
