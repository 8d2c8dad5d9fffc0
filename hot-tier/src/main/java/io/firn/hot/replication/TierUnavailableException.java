package io.firn.hot.replication;

import java.io.IOException;

/** The cold tier does not answer at this time, or it is not known what it did: to be asked again. Any other failure of a {@link TierBoundary} is one that time alone does not mend. */
public final class TierUnavailableException extends IOException {

    private static final long serialVersionUID = 1L;

    public TierUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
