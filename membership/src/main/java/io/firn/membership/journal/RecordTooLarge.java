package io.firn.membership.journal;

/** An entry is longer than a record may be; nothing was written. */
public final class RecordTooLarge extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RecordTooLarge(int sizeBytes) {
        super("the change takes " + sizeBytes + " bytes in the metadata journal, at most " + JournalRecord.MAX_BYTES + " are allowed");
    }
}
