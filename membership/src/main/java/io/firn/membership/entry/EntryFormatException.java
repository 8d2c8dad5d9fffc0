package io.firn.membership.entry;

/** Bytes that are no entry this version can read. {@link #tooNew()} tells a newer Firn's entry from damage. */
public final class EntryFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean tooNew;

    EntryFormatException(String message) {
        this(message, false);
    }

    private EntryFormatException(String message, boolean tooNew) {
        super(message);
        this.tooNew = tooNew;
    }

    static EntryFormatException unknown(int type, int version) {
        return new EntryFormatException("entries of type " + type + " in version " + version + " are not known to this version of Firn", true);
    }

    public boolean tooNew() {
        return tooNew;
    }
}
