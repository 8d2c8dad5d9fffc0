package io.firn.cold;

/** A place in a partition of the cold tier. */
public sealed interface ColdPosition {

    /** The first offset that is not deleted. */
    record Earliest() implements ColdPosition {}

    /** The tier boundary at the time it is asked for; for readers of committed records, the first record whose transaction has no end in the cold tier, if that is below it. */
    record End() implements ColdPosition {}

    /** This offset, be it there or not. */
    record Offset(long offset) implements ColdPosition {
        public Offset {
            if (offset < 0) {
                throw new IllegalArgumentException("Offset " + offset);
            }
        }
    }

    /** The first record with a timestamp of at least this, Unix milliseconds; the end if there is none. */
    record Time(long timestampMs) implements ColdPosition {}
}
