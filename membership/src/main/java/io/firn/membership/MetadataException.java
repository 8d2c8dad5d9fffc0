package io.firn.membership;

/** The operating errors of this module, few and coarse; the gateway maps each to a Kafka error code or to one line at start-up. */
public abstract sealed class MetadataException extends RuntimeException permits CommandRefused, MetadataUnavailable, MetadataOutcomeUnknown, MetadataOpenFailed {
    private static final long serialVersionUID = 1L;

    MetadataException(String message, Throwable cause) {
        super(message, cause);
    }
}
