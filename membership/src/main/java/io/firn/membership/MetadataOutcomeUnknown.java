package io.firn.membership;

/**
 * A {@link MetadataStore} was asked for a change and it is not known whether that happened, or whether it still will.
 *
 * <p>Only the store throws it. The committer settles it by asking again (see {@link HeadCommit}); what it cannot settle reaches
 * callers of {@link Metadata} as {@link MetadataUnavailable}.
 */
public final class MetadataOutcomeUnknown extends MetadataException {
    private static final long serialVersionUID = 1L;

    public MetadataOutcomeUnknown(String message, Throwable cause) {
        super(message, cause);
    }
}
