package io.firn.retention;

/**
 * Delays between attempts: doubling from {@code firstMs} to {@code mostMs}, each shortened at random by up to a fifth so that
 * partitions do not come back in step. Attempts never end, but they are never closer than four fifths of {@code firstMs}. Immutable, pure.
 */
record Backoff(long firstMs, long mostMs) {

    static final Backoff COLD_TIER = new Backoff(1_000, 60_000);

    /** For what comes once in an interval anyway, and costs requests for each try, and perhaps a manifest. */
    static Backoff within(long intervalMs) {
        return new Backoff(Math.min(COLD_TIER.mostMs(), intervalMs), intervalMs);
    }

    /**
     * @param failures failures in a row so far, at least 1
     * @param random in [0, 1)
     */
    long delayMs(int failures, double random) {
        int doublings = Math.min(failures - 1, 30);
        long delayMs = Math.min(mostMs, firstMs << doublings);
        return delayMs - (long) (delayMs * random / 5);
    }
}
