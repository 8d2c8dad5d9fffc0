package io.firn.hot;

/** What {@link HotLog#beginVerification} found. */
public sealed interface VerificationStart {

    /** The producer's transaction is open here: append without asking the coordinator. */
    record Open() implements VerificationStart {
        static final Open OPEN = new Open();
    }

    /** Ask the coordinator, then append with this guard (the present one of the producer, if several batches ask at once). */
    record Needed(Object guard) implements VerificationStart {}

    /** The append would be refused, so there is nothing to ask. */
    record Refused(AppendError error, String message) implements VerificationStart {}

    static VerificationStart open() {
        return Open.OPEN;
    }
}
