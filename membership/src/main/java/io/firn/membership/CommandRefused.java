package io.firn.membership;

/** The controller decided against a command; nothing was changed. */
public final class CommandRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public enum Reason { TOPIC_EXISTS, UNKNOWN_TOPIC, UNKNOWN_BROKER, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_ASSIGNMENT, NOT_CONTROLLER, OVERLOADED }

    private final Reason reason;

    public CommandRefused(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
