package io.firn.gateway.peer;

/**
 * When a broker that could not be reached is dialled again: after 20 ms, then twice as long each time up to a second, each shortened by chance by up to a half so that brokers which lost
 * the same one do not come all at once. A second is short enough to find a restarted broker soon, and long enough that a dead one costs nothing. Immutable.
 *
 * @param failures in a row; 0: may be dialled now
 * @param atNanos not before this
 */
record Redial(int failures, long atNanos) {

    static final long FIRST_NANOS = 20_000_000;
    static final long LONGEST_NANOS = 1_000_000_000;
    private static final int DOUBLINGS = 6;

    static final Redial NOW = new Redial(0, 0);

    /** @param random in [0, 1) */
    Redial failed(long nowNanos, double random) {
        long longest = Math.min(LONGEST_NANOS, FIRST_NANOS << Math.min(failures, DOUBLINGS));
        return new Redial(failures + 1, nowNanos + (long) (longest * (1 - random / 2)));
    }

    boolean due(long nowNanos) {
        return failures == 0 || nowNanos - atNanos >= 0;
    }
}
