package io.firn.membership.journal;

/** The bytes at hand are no sound record. Harmless above the head, fatal at or below it: only the caller knows which. */
final class BadRecord extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean tooNew;

    BadRecord(String message, boolean tooNew) {
        super(message);
        this.tooNew = tooNew;
    }

    boolean tooNew() {
        return tooNew;
    }
}
