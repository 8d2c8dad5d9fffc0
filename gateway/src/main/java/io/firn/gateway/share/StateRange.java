package io.firn.gateway.share;

import java.util.ArrayList;
import java.util.List;

/** The fate of the records from {@code first} to before {@code end}, as it is kept in {@code __share_group_state}. */
record StateRange(long first, long end, DeliveryState state, int deliveryCount) {

    StateRange {
        if (first < 0 || end <= first) {
            throw new IllegalStateException("no range of records: " + first + " to " + end);
        }
    }

    /** Gathers ranges in the order in which they are added; each that goes on where the one before ended, with the same fate, becomes one with it. */
    static final class Gatherer {
        private final List<StateRange> ranges = new ArrayList<>();

        void add(long first, long end, DeliveryState state, int deliveryCount) {
            int last = ranges.size() - 1;
            if (last >= 0 && ranges.get(last).end == first && ranges.get(last).state == state && ranges.get(last).deliveryCount == deliveryCount) {
                ranges.set(last, new StateRange(ranges.get(last).first, end, state, deliveryCount));
            } else {
                ranges.add(new StateRange(first, end, state, deliveryCount));
            }
        }

        List<StateRange> ranges() {
            return List.copyOf(ranges);
        }
    }
}
