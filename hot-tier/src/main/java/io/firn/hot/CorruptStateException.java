package io.firn.hot;

/**
 * Bytes of an index, a producer snapshot or an epoch checkpoint are not what their format allows. Checked, because whoever
 * reads them must choose: rebuild them from the log, or take the log out of service. The message names the first rule broken.
 */
public final class CorruptStateException extends Exception {
    private static final long serialVersionUID = 1L;

    public CorruptStateException(String message) {
        super(message);
    }
}
