package io.firn.hot.log;

import java.util.Arrays;

/**
 * The newest batch boundaries of the active segment, so that the log's tail is read without looking into the file: slot by slot the offset
 * after a batch and the position of its end, oldest first. The first slot may be the segment's beginning.
 *
 * <p>Bounded: beyond {@link #CAPACITY} the oldest is forgotten, and such a place is found by the index.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class RecentBatches {

    /** 6 KiB of heap in a busy log; idle ones begin with 16 slots. */
    static final int CAPACITY = 512;

    private static final int FIRST_CAPACITY = 16;

    private long[] offsets = new long[FIRST_CAPACITY];
    private int[] positions = new int[FIRST_CAPACITY];
    private int head;
    private int size;

    /** Forgets all and begins with one boundary. */
    void reset(long offset, int position) {
        head = 0;
        size = 0;
        add(offset, position);
    }

    void add(long nextOffset, int endPosition) {
        if (size == offsets.length && size < CAPACITY) {
            grow();
        }
        if (size == offsets.length) {
            head = (head + 1) % size;
            size--;
        }
        int at = (head + size) % offsets.length;
        offsets[at] = nextOffset;
        positions[at] = endPosition;
        size++;
    }

    int size() {
        return size;
    }

    long offset(int slot) {
        return offsets[(head + slot) % offsets.length];
    }

    int position(int slot) {
        return positions[(head + slot) % offsets.length];
    }

    /** Slot of the last boundary at or below {@code offset}, or -1 when it is older than all known. */
    int floorOfOffset(long offset) {
        int low = -1;
        int high = size - 1;
        while (low < high) {
            int middle = (low + high + 1) >> 1;
            if (offset(middle) <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Slot of the last boundary at or below {@code position}, or -1. */
    int floorOfPosition(long position) {
        int low = -1;
        int high = size - 1;
        while (low < high) {
            int middle = (low + high + 1) >> 1;
            if (position(middle) <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** Only called before the ring has turned, when the head is the first element. */
    private void grow() {
        offsets = Arrays.copyOf(offsets, Math.min(CAPACITY, offsets.length * 2));
        positions = Arrays.copyOf(positions, offsets.length);
    }
}
