package io.firn.hot.index;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;

/**
 * Where in a segment's file an offset is to be looked for.
 *
 * <p>File format ({@code .index}, as Kafka's; big-endian):
 * <pre>
 * entry  0                4              8
 *        │ relativeOffset │ position     │   relativeOffset: last offset of a batch, minus the segment's base offset
 *                                            position: where that batch begins in the .log file
 * </pre>
 *
 * <p><i>Invariant</i>: relative offsets and positions both increase strictly. So the batch that holds a target offset begins at or
 * after the position of the greatest entry whose offset is at most the target.
 *
 * <p>Threading: confined to one thread while it grows; read-only use from any thread after that.
 */
public final class OffsetIndex {

    public static final int ENTRY_BYTES = 8;

    private static final int POSITION = 4;

    private final long baseOffset;
    private final EntryTable table;

    private OffsetIndex(long baseOffset, EntryTable table) {
        this.baseOffset = baseOffset;
        this.table = table;
    }

    public static OffsetIndex empty(long baseOffset) {
        return new OffsetIndex(baseOffset, new EntryTable(ENTRY_BYTES));
    }

    /**
     * Reads the remaining bytes of {@code file}, which must stay unchanged: they are not copied.
     *
     * @throws CorruptStateException when they break the format's rules
     */
    public static OffsetIndex fromBytes(long baseOffset, ByteBuffer file) throws CorruptStateException {
        if (file.remaining() % ENTRY_BYTES != 0) {
            throw new CorruptStateException("offset index: " + file.remaining() + " bytes are not whole entries");
        }
        OffsetIndex index = new OffsetIndex(baseOffset, new EntryTable(ENTRY_BYTES, file));
        for (int i = 0; i < index.entries(); i++) {
            int relative = index.table.intAt(i, 0);
            if (relative < 0 || index.position(i) < 0
                    || i > 0 && (relative <= index.table.intAt(i - 1, 0) || index.position(i) <= index.position(i - 1))) {
                throw new CorruptStateException("offset index: entry " + i + " (" + relative + ", " + index.position(i) + ") does not increase");
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

    /** Whether {@code offset} can be told relative to the base offset; a segment ends where it cannot. */
    public boolean canHold(long offset) {
        return offset >= baseOffset && offset - baseOffset <= Integer.MAX_VALUE;
    }

    /** Adds the batch with {@code lastOffset} that begins at {@code position}; both above the last entry's. */
    public void append(long lastOffset, int position) {
        int last = entries() - 1;
        if (!canHold(lastOffset) || position < 0 || last >= 0 && (lastOffset <= offset(last) || position <= position(last))) {
            throw new IllegalArgumentException("offset index from " + baseOffset + ": entry (" + lastOffset + ", " + position + ") after "
                    + (last < 0 ? "none" : "(" + offset(last) + ", " + position(last) + ")"));
        }
        table.add().putInt((int) (lastOffset - baseOffset)).putInt(position);
    }

    /** Offset of entry {@code slot}: the last one of the batch at its position. */
    public long offset(int slot) {
        return baseOffset + table.intAt(slot, 0);
    }

    /** File position of entry {@code slot}. */
    public int position(int slot) {
        return table.intAt(slot, POSITION);
    }

    /** Slot of the greatest entry whose offset is at most {@code target}, or -1. */
    public int floorSlot(long target) {
        int low = -1;
        int high = entries() - 1;
        while (low < high) {
            int middle = (low + high + 1) >> 1;
            if (offset(middle) <= target) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** File position from which a forward scan finds the batch that holds {@code target}; 0 when no entry is at or below it. */
    public int positionBefore(long target) {
        int slot = floorSlot(target);
        return slot < 0 ? 0 : position(slot);
    }

    /** Slot of the first entry whose position is at least {@code position}, or -1: the next known batch boundary. */
    public int ceilingSlotOfPosition(long position) {
        int low = 0;
        int high = entries();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (position(middle) >= position) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low == entries() ? -1 : low;
    }

    /** Drops the entries at or above {@code offset}. */
    public void truncateTo(long offset) {
        table.truncate(floorSlot(offset - 1) + 1);
    }

    /** The file's bytes, a read-only view that later changes of the index do not touch. */
    public ByteBuffer toBytes() {
        return table.toBytes();
    }
}
