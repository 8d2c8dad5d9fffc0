package io.firn.membership;

/** The metadata could not be changed now, or whether it was is not known. Retriable. */
public final class MetadataUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MetadataUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
