package io.firn.hot;

/** The data directory as a whole cannot be used; the message is one line for the operator. */
public final class HotStoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public HotStoreException(String message) {
        super(message);
    }

    public HotStoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
