package io.firn.it.differential;

import java.util.stream.LongStream;

/** The seeds of every run: fixed ones, and those that once found something Firn did wrong. */
final class RegressionSeeds {

    private static final long[] FIXED = {1, 2, 3};
    private static final long[] FAILED_ONCE = {4, 5, 6, 7, 8, 9, 12, 16};

    private RegressionSeeds() {}

    static LongStream all() {
        return LongStream.concat(LongStream.of(FIXED), LongStream.of(FAILED_ONCE));
    }
}
