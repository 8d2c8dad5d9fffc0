package io.firn.gateway.cluster;

/**
 * The controller's answer to a {@link Heartbeat}. Immutable.
 *
 * @param caughtUp the broker has applied its own registration
 * @param fenced it may not lead: it is not taken for alive, or is about to be taken for dead. Only an answer that says no gives a lease
 */
public record HeartbeatReply(Outcome outcome, boolean caughtUp, boolean fenced) {

    public enum Outcome {
        HEARD,
        /** Somebody else is the controller; nothing was noted. */
        NOT_CONTROLLER,
        /** There is a later registration of that broker id, or none any more: this process is not that broker. */
        STALE
    }

    static final HeartbeatReply NOT_CONTROLLER = new HeartbeatReply(Outcome.NOT_CONTROLLER, false, true);
    static final HeartbeatReply STALE = new HeartbeatReply(Outcome.STALE, false, true);

    /** An answer that was refused. */
    public static HeartbeatReply refused(Outcome outcome) {
        return new HeartbeatReply(outcome, false, true);
    }
}
