package io.firn.hot.segment;

import java.io.IOException;

/** Bytes that were committed to this disk are not what was written. The log that meets it goes offline; doubtful bytes are never served. */
public final class CorruptLogException extends IOException {
    private static final long serialVersionUID = 1L;

    public CorruptLogException(String message) {
        super(message);
    }

    public CorruptLogException(String message, Throwable cause) {
        super(message, cause);
    }
}
