package io.firn.retention;

import java.io.IOException;

/** The disk for scratch files fails, or is full; nothing is wrong with the log. */
final class ScratchException extends IOException {
    private static final long serialVersionUID = 1L;

    ScratchException(IOException cause) {
        super("scratch file: " + cause.getMessage(), cause);
    }
}
