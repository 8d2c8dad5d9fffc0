package io.firn.it.harness;

import java.util.Random;

/** The seed of a test's chances: of {@code -Dfirn.seed=N} if given, else new; printed, so that a failure can be replayed. */
public final class Seed {

    private Seed() {}

    public static Random random(String test) {
        long seed = Long.getLong("firn.seed", System.nanoTime() & 0xffffff);
        System.out.println(test + ": seed " + seed + " (replay with -Dfirn.seed=" + seed + ")");
        return new Random(seed * 0x9E3779B97F4A7C15L);
    }
}
