package io.firn.membership;

/** The controller decided against a command; nothing was changed. */
public final class CommandRefused extends MetadataException {
    private static final long serialVersionUID = 1L;

    public enum Reason {
        TOPIC_EXISTS,
        UNKNOWN_TOPIC,
        /** The name is valid but collides with that of an existing topic in metric names ('.' and '_' look alike there). */
        INVALID_TOPIC,
        /** No topic has the id. */
        UNKNOWN_TOPIC_ID,
        UNKNOWN_PARTITION,
        UNKNOWN_BROKER,
        /** A registration without incarnation, or with the data directory of another broker. */
        INVALID_REGISTRATION,
        /** Another process is registered with the broker id and not fenced; retriable. */
        DUPLICATE_BROKER,
        /** The broker has registered anew since, or is not registered. */
        STALE_BROKER_EPOCH,
        /** The broker has not applied its own registration yet; retriable. */
        NOT_CAUGHT_UP,
        /** The broker is alive or holds replicas. */
        BROKER_IN_USE,
        INVALID_PARTITIONS,
        INVALID_REPLICATION_FACTOR,
        INVALID_ASSIGNMENT,
        /** What makes no sense for the partition as it is: a partition named twice, an ISR without its leader or asked for by another broker. */
        INVALID_REQUEST,
        /** There is another leader since, or the same one anew. */
        FENCED_LEADER_EPOCH,
        /** The partition has changed since. */
        STALE_PARTITION_EPOCH,
        /** A broker that is fenced, about to stop or not the one that was seen in sync. */
        INELIGIBLE_REPLICA,
        /** The change was made, and with it another broker has become the leader. */
        NEW_LEADER_ELECTED,
        ELECTION_NOT_NEEDED,
        PREFERRED_LEADER_NOT_AVAILABLE,
        ELIGIBLE_LEADERS_NOT_AVAILABLE,
        NO_REASSIGNMENT_IN_PROGRESS,
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
