package io.firn.hot;

import java.util.Random;

/**
 * Runs a property for many random seeds. A failure names its seed; {@code -Dfirn.seed=N} runs that one alone.
 */
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
        if (replayed != null) {
            run(replayed, property);
            return;
        }
        for (long seed = 1; seed <= runs; seed++) {
            run(seed, property);
        }
    }

    private static void run(long seed, Property property) {
        try {
            property.check(new Random(seed * 0x9E3779B97F4A7C15L));
        } catch (Throwable failure) {
            throw new AssertionError("failed with seed " + seed + ", replay with -D" + PROPERTY + "=" + seed + ": " + failure, failure);
        }
    }
}
