package io.firn.hot.index;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;

/**
 * From which offset on a segment can hold a timestamp.
 *
 * <p>File format ({@code .timeindex}, as Kafka's; big-endian):
 * <pre>
 * entry  0                8                12
 *        │ timestamp      │ relativeOffset │   timestamp: largest in the segment so far, Unix milliseconds
 *                                              relativeOffset: last offset of the batch that has it, minus the base offset
 * </pre>
 * An entry says: no record up to and including the offset is later than the timestamp. The last entry, added at the seal,
 * holds the segment's largest timestamp.
 *
 * <p><i>Invariant</i>: timestamps increase strictly, offsets never decrease.
 *
 * <p>Threading: confined to one thread while it grows; read-only use from any thread after that.
 */
public final class TimeIndex {

    public static final int ENTRY_BYTES = 12;

    private static final int OFFSET = 8;

    private final long baseOffset;
    private final EntryTable table;

    private TimeIndex(long baseOffset, EntryTable table) {
        this.baseOffset = baseOffset;
        this.table = table;
    }

    public static TimeIndex empty(long baseOffset) {
        return new TimeIndex(baseOffset, new EntryTable(ENTRY_BYTES));
    }

    /**
     * Reads the remaining bytes of {@code file}, which must stay unchanged: they are not copied.
     *
     * @throws CorruptStateException when they break the format's rules
     */
    public static TimeIndex fromBytes(long baseOffset, ByteBuffer file) throws CorruptStateException {
        if (file.remaining() % ENTRY_BYTES != 0) {
            throw new CorruptStateException("time index: " + file.remaining() + " bytes are not whole entries");
        }
        TimeIndex index = new TimeIndex(baseOffset, new EntryTable(ENTRY_BYTES, file));
        for (int i = 0; i < index.entries(); i++) {
            if (index.offset(i) < baseOffset
                    || i > 0 && (index.timestampMs(i) <= index.timestampMs(i - 1) || index.offset(i) < index.offset(i - 1))) {
                throw new CorruptStateException("time index: entry " + i + " (" + index.timestampMs(i) + ", " + index.offset(i) + ") does not increase");
            }
        }
        return index;
    }

    public long baseOffset() {
        return baseOffset;
    }

    public int entries() {
        return table.entries();
    }

    /** Size of the file. */
    public int sizeBytes() {
        return table.sizeBytes();
    }

    /** Adds an entry unless {@code timestampMs} is not above the last one's (or negative: the batches had none); the offset must not be below the last one's. */
    public void append(long timestampMs, long offset) {
        int last = entries() - 1;
        if (offset < baseOffset || offset - baseOffset > Integer.MAX_VALUE || last >= 0 && offset < offset(last)) {
            throw new IllegalArgumentException("time index from " + baseOffset + ": offset " + offset + " after " + (last < 0 ? "none" : offset(last)));
        }
        if (timestampMs > (last < 0 ? -1 : timestampMs(last))) {
            table.add().putLong(timestampMs).putInt((int) (offset - baseOffset));
        }
    }

    public long timestampMs(int slot) {
        return table.longAt(slot, 0);
    }

    public long offset(int slot) {
        return baseOffset + table.intAt(slot, OFFSET);
    }

    /** Slot of the greatest entry whose timestamp is at most {@code targetMs}, or -1. */
    public int floorSlot(long targetMs) {
        int low = -1;
        int high = entries() - 1;
        while (low < high) {
            int middle = (low + high + 1) >> 1;
            if (timestampMs(middle) <= targetMs) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Offset from which a forward scan finds the first record at or after {@code targetMs}; no earlier record reaches it. */
    public long offsetBefore(long targetMs) {
        int slot = targetMs == Long.MIN_VALUE ? -1 : floorSlot(targetMs - 1);
        return slot < 0 ? baseOffset : offset(slot);
    }

    /** Drops the entries at or above {@code offset}. */
    public void truncateTo(long offset) {
        int kept = entries();
        while (kept > 0 && offset(kept - 1) >= offset) {
            kept--;
        }
        table.truncate(kept);
    }

    /** The file's bytes, a read-only view that later changes of the index do not touch. */
    public ByteBuffer toBytes() {
        return table.toBytes();
    }
}
