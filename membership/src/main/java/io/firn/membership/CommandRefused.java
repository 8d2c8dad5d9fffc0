package io.firn.membership;

/** The controller decided against a command; nothing was changed. */
public final class CommandRefused extends MetadataException {
    private static final long serialVersionUID = 1L;

    public enum Reason {
        TOPIC_EXISTS,
        UNKNOWN_TOPIC,
        /** The name is valid but collides with that of an existing topic in metric names ('.' and '_' look alike there). */
        INVALID_TOPIC,
        UNKNOWN_BROKER,
        INVALID_PARTITIONS,
        INVALID_REPLICATION_FACTOR,
        INVALID_ASSIGNMENT,
        /** Too many overrides for one resource, or too long ones. */
        INVALID_CONFIG,
        /** A limit of the whole cluster would be exceeded; see {@link io.firn.membership.controller.Policy}. */
        LIMIT_EXCEEDED,
        /** There is no such credential to be removed. */
        UNKNOWN_CREDENTIAL,
        NOT_CONTROLLER,
        /** Too many commands are waiting, or the disk is full; retriable. */
        OVERLOADED
    }

    private final Reason reason;

    public CommandRefused(Reason reason, String message) {
        super(message, null);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
