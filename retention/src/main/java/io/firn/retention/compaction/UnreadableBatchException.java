package io.firn.retention.compaction;

/** The bytes of an undamaged batch are no records, or cannot be decompressed: a client's doing. Such a batch is kept as it is. */
final class UnreadableBatchException extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableBatchException(String message) {
        super(message);
    }

    UnreadableBatchException(String message, Throwable cause) {
        super(message, cause);
    }
}
