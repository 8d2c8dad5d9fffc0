package io.firn.it.harness;

/**
 * When bytes of one direction of a connection come out of a long way: at each turn of the talk a time passes until the first byte, and never do more come than the way carries. Only decides; time is given.
 *
 * <p>A piece of bytes comes out when its last byte would. One that follows another without a break counts from where that ended and not from when it was looked at, up to {@link #SLACK_NANOS}, so that whoever
 * is late now and then does not make the way slower.
 *
 * <p>Threading: for one thread.
 */
final class LinkPace {

    /** How late may be made up for. */
    static final long SLACK_NANOS = 5_000_000;

    private static final double NANOS_PER_SECOND = 1e9;

    private final double nanosPerByte;
    private long freeAt;
    private long earliest;
    private boolean turned;

    /** @param bytesPerSecond that the way carries; 0 for any */
    LinkPace(long bytesPerSecond, long nowNanos) {
        this.nanosPerByte = bytesPerSecond == 0 ? 0 : NANOS_PER_SECOND / bytesPerSecond;
        this.freeAt = nowNanos;
        this.earliest = nowNanos;
    }

    /** The other side has said something (the last of it now): what comes next is an answer, and its first byte begins to come out no sooner than this much later. */
    void turn(long nowNanos, long delayNanos) {
        turned = true;
        earliest = Math.max(earliest, nowNanos + delayNanos);
    }

    /** When this many bytes, which came in now, have come out. */
    long due(long nowNanos, int bytes) {
        freeAt = turned ? Math.max(Math.max(freeAt, earliest), nowNanos) : Math.max(freeAt, nowNanos - SLACK_NANOS);
        turned = false;
        freeAt += Math.round(bytes * nanosPerByte);
        return freeAt;
    }
}
