package io.firn.gateway.cluster;

/**
 * The controller's answer to a {@link Heartbeat}. Immutable.
 *
 * @param caughtUp the broker has applied its own registration
 * @param fenced it may not lead: it is not taken for alive, or is about to be taken for dead. Only an answer that says no gives a lease
 * @param version no lower than that of any view this controller had committed when it answered: the lease counts for a broker that shows so much
 */
public record HeartbeatReply(Outcome outcome, boolean caughtUp, boolean fenced, long version) {

    /** Of an answer that gives nothing. */
    static final long NO_VERSION = -1;

    public enum Outcome {
        HEARD,
        /** Somebody else is the controller; nothing was noted. */
        NOT_CONTROLLER,
        /** There is a later registration of that broker id, or none any more: this process is not that broker. */
        STALE
    }

    static final HeartbeatReply NOT_CONTROLLER = refused(Outcome.NOT_CONTROLLER);
    static final HeartbeatReply STALE = refused(Outcome.STALE);

    /** An answer that was refused. */
    public static HeartbeatReply refused(Outcome outcome) {
        return new HeartbeatReply(outcome, false, true, NO_VERSION);
    }

    HeartbeatReply at(long committed) {
        return new HeartbeatReply(outcome, caughtUp, fenced, committed);
    }
}
