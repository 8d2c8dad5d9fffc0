package io.firn.membership;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/** Runs a randomised test on many seeds. A failure names its seed; {@code -Dfirn.seed=N} replays that one alone. */
public final class Seeds {

    private Seeds() {}

    public interface Body {
        void run(long seed) throws Exception;
    }

    /** The seeds are fixed, 0 to {@code count}, so that every build tests the same; more come with {@code -Dfirn.seeds=N}. */
    public static void forEach(int count, Body body) {
        Long only = Long.getLong("firn.seed");
        long end = only != null ? only + 1 : Long.getLong("firn.seeds", count);
        for (long seed = only != null ? only : 0; seed < end; seed++) {
            try {
                body.run(seed);
            } catch (Exception | AssertionError e) {
                throw new AssertionError("failed with seed " + seed + "; replay it with -Dfirn.seed=" + seed, e);
            }
        }
    }

    /** @return an own generator for a seed; neighbouring seeds give unlike sequences */
    public static RandomGenerator random(long seed) {
        return new SplittableRandom(seed);
    }
}
