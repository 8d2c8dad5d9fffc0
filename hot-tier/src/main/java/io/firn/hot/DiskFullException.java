package io.firn.hot;

import java.io.IOException;

/** The disk or the quota has no room. The only I/O error after which going on makes sense, once room has been made. */
public final class DiskFullException extends IOException {
    private static final long serialVersionUID = 1L;

    public DiskFullException(String message, Throwable cause) {
        super(message, cause);
    }
}
