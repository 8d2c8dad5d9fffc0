package io.firn.membership;

/**
 * How long a controller may believe that it is one, by its own clock alone: a broker that is cut off, paused or starved gets no message that it was deposed, so it counts from when
 * it <em>asked</em> for the confirmation that came last. It is no proof against another controller (the head is, see {@link MetadataStore}); it makes a lost one stop soon.
 *
 * <p>Confined to one thread.
 */
public final class ControllerLease {

    private final long lengthNanos;
    private long askedNanos;
    private boolean held;

    /** @param lengthNanos after which the lock may be another's without any sign of that here: the session of {@link CpSettings.Timings} */
    public ControllerLease(long lengthNanos) {
        this.lengthNanos = lengthNanos;
    }

    /** The lock was got or confirmed by a call made at {@code askedNanos}. */
    public void confirmed(long askedNanos) {
        if (!held || askedNanos - this.askedNanos > 0) {
            this.askedNanos = askedNanos;
        }
        held = true;
    }

    /** The lock is certainly gone. */
    public void lost() {
        held = false;
    }

    public boolean validAt(long nowNanos) {
        return held && nowNanos - askedNanos < lengthNanos;
    }
}
