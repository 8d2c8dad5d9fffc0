package io.firn.retention.compaction;

/**
 * The newest offset of each key in a part of a log, in a table of fixed size: open addressing, 24 bytes a slot (128 bits of {@link KeyHash}, offset + 1; 0 is an empty slot).
 *
 * <p>Limit: {@link #capacity()} keys, nine tenths of the slots, so that probes stay short. At the limit {@link #put} refuses a new key, and the pass covers the part of the log before it.
 *
 * <p>Threading: confined to one thread.
 */
final class NewestOffsets {
    static final int BYTES_PER_SLOT = 3 * Long.BYTES;

    /** Returned for a key that is not there: below every offset. */
    static final long NONE = -1;

    private static final int LONGS = 3;
    private static final int MAX_SLOTS = Integer.MAX_VALUE / LONGS - 8;

    private final long[] table;
    private final int slots;
    private final int capacity;
    private int size;

    private NewestOffsets(int slots) {
        this.slots = slots;
        this.capacity = (int) Math.max(1, slots * 9L / 10);
        this.table = new long[slots * LONGS];
    }

    /**
     * @param memoryBytes most memory of the table
     * @param records how many records can come at most: the table is not made larger than they need
     */
    static NewestOffsets of(long memoryBytes, long records) {
        long wanted = records >= MAX_SLOTS ? MAX_SLOTS : records + records / 4 + 2;
        return new NewestOffsets((int) Math.max(2, Math.min(Math.min(memoryBytes / BYTES_PER_SLOT, MAX_SLOTS), wanted)));
    }

    int capacity() {
        return capacity;
    }

    int size() {
        return size;
    }

    /** Notes that the key has a record at {@code offset}, which is not below any put before; false when the table has no room for another key. */
    boolean put(long high, long low, long offset) {
        int at = find(high, low);
        if (table[at + 2] == 0) {
            if (size == capacity) {
                return false;
            }
            size++;
            table[at] = high;
            table[at + 1] = low;
        }
        table[at + 2] = offset + 1;
        return true;
    }

    /** The newest offset of the key, or {@link #NONE}. */
    long get(long high, long low) {
        return table[find(high, low) + 2] - 1;
    }

    /** Where the key is, or the empty slot where it would go. */
    private int find(long high, long low) {
        int slot = (int) Long.remainderUnsigned(high, slots);
        while (true) {
            int at = slot * LONGS;
            if (table[at + 2] == 0 || table[at] == high && table[at + 1] == low) {
                return at;
            }
            slot = slot + 1 == slots ? 0 : slot + 1;
        }
    }
}
