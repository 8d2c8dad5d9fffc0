package io.firn.it.cluster;

import java.util.Arrays;

/** Numbers by index, as many as are set, eight bytes each: for histories of millions of records. What was never set is {@link #NONE}. Confined to its owner. */
final class Longs {

    static final long NONE = Long.MIN_VALUE;

    private static final int FIRST_CAPACITY = 1 << 10;

    private long[] values = new long[0];
    private int size;

    long get(long index) {
        return index >= 0 && index < size ? values[Math.toIntExact(index)] : NONE;
    }

    void set(long index, long value) {
        int at = Math.toIntExact(index);
        if (at >= values.length) {
            int before = values.length;
            values = Arrays.copyOf(values, Math.max(FIRST_CAPACITY, Math.max(at + 1, before + before / 2)));
            Arrays.fill(values, before, values.length, NONE);
        }
        values[at] = value;
        size = Math.max(size, at + 1);
    }

    /** One more than the highest index that was set. */
    long size() {
        return size;
    }
}
