package io.firn.hot.replication;

/**
 * {@link Authority} for a limited time, renewed by each answer of the controller.
 *
 * <p><i>Invariant</i>: it ends, by this broker's clock, no later than the controller may elect others. The controller counts from when it received a request, which is not before it was sent; so the lease
 * counts from the sending, and is shorter than the controller's patience by a margin for clocks that do not run equally fast.
 *
 * <p>Threading: thread-safe; renewed by one thread.
 */
public final class Lease implements Authority {

    private final long durationMs;
    private volatile long untilMs = Long.MIN_VALUE;

    /** Not held at first. @param durationMs the controller's patience less the margin */
    public Lease(long durationMs) {
        if (durationMs <= 0) {
            throw new IllegalArgumentException("a lease of " + durationMs + " ms");
        }
        this.durationMs = durationMs;
    }

    /** The controller has answered a request that was sent at {@code sentMs} (monotonic clock). An answer that comes late never shortens the lease. */
    public void renew(long sentMs) {
        untilMs = Math.max(untilMs, sentMs + durationMs);
    }

    /** Gives it up at once: this broker knows that it is fenced. */
    public void end() {
        untilMs = Long.MIN_VALUE;
    }

    @Override
    public boolean holds(long nowMs) {
        return nowMs < untilMs;
    }
}
