package io.firn.cold;

import java.util.Random;

/** Runs a property for many seeds. A failure names its seed; {@code -Dfirn.seed=N} runs that one alone. */
public final class Seeds {

    private static final String PROPERTY = "firn.seed";

    private Seeds() {}

    /** What must hold for every seed. */
    @FunctionalInterface
    public interface Property {
        void check(Random random) throws Exception;
    }

    public static void each(int runs, Property property) {
        Long replayed = Long.getLong(PROPERTY);
        long first = replayed == null ? 1 : replayed;
        long last = replayed == null ? runs : replayed;
        for (long seed = first; seed <= last; seed++) {
            try {
                property.check(new Random(seed * 0x9E3779B97F4A7C15L));
            } catch (Exception | AssertionError failure) {
                throw new AssertionError("Seed " + seed + " fails (replay with -D" + PROPERTY + "=" + seed + "): " + failure, failure);
            }
        }
    }
}
