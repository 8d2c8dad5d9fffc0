package io.firn.gateway.share;

import java.util.List;

/**
 * What a member was given: ranges in ascending order.
 *
 * @param count records in all ranges, gaps of the log included
 */
record Acquisition(List<Acquired> ranges, int count) {
    static final Acquisition NONE = new Acquisition(List.of(), 0);

    /** Records from {@code first} to before {@code end}, delivered for the {@code deliveryCount}th time. */
    record Acquired(long first, long end, int deliveryCount) {}

    Acquisition {
        ranges = List.copyOf(ranges);
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    long first() {
        return ranges.get(0).first();
    }

    long end() {
        return ranges.get(ranges.size() - 1).end();
    }
}
