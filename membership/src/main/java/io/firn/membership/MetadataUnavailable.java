package io.firn.membership;

/** The metadata could not be changed now, or whether it was is not known. Retriable. Thrown by a {@link MetadataStore} it means: certainly not changed. */
public final class MetadataUnavailable extends MetadataException {
    private static final long serialVersionUID = 1L;

    public MetadataUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
