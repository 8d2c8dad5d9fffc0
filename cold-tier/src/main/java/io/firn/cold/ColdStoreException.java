package io.firn.cold;

import java.util.concurrent.CompletionException;

/**
 * Operating errors of the cold tier, few and coarse.
 */
public sealed class ColdStoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private ColdStoreException(String message, Throwable cause) {
        super(message, cause);
    }

    /** What a future failed with, without the wrapping of dependent stages. */
    public static Throwable unwrap(Throwable failure) {
        Throwable bare = failure;
        while (bare instanceof CompletionException && bare.getCause() != null) {
            bare = bare.getCause();
        }
        return bare;
    }

    /** The store did not answer, or answered that it cannot now. Retriable; a write that ends so has not happened. */
    public static final class Unavailable extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * A write was sent and no trustworthy answer came: it may have happened, or may still happen later. Retriable with the very same bytes only; see {@link ObjectStore}.
     */
    public static final class Uncertain extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Uncertain(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The local bytes to be uploaded could not be read; the store is not to blame, and nothing became visible in it. */
    public static final class SourceFailed extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public SourceFailed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** A newer writer has taken over this partition: what was asked is not done and must not be repeated by this writer. */
    public static final class Fenced extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Fenced(String message) {
            super(message, null);
        }
    }

    /** Bytes from the store do not match their checksum, or a format rule; never served. */
    public static final class Corrupt extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Corrupt(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** An object that a manifest names is not there. */
    public static final class Missing extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Missing(String message) {
            super(message, null);
        }
    }

    /** The bucket cannot be used as configured (wrong cluster, no permission, no conditional writes): an operator must act. */
    public static final class Misconfigured extends ColdStoreException {
        private static final long serialVersionUID = 1L;

        public Misconfigured(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
