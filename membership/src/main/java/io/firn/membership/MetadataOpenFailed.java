package io.firn.membership;

/** The metadata cannot be opened; the message is one line for the operator. Nothing on disk was changed because of it. */
public final class MetadataOpenFailed extends MetadataException {
    private static final long serialVersionUID = 1L;

    public enum Reason {
        /** Another process, or another part of this one, has the directory open. */
        IN_USE,
        /** Committed metadata is missing or its bytes are wrong. */
        DAMAGED,
        /** A newer version of Firn wrote it. */
        TOO_NEW,
        /** The disk or the metadata store gave an error. */
        UNAVAILABLE
    }

    private final Reason reason;

    public MetadataOpenFailed(Reason reason, String message) {
        this(reason, message, null);
    }

    public MetadataOpenFailed(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
