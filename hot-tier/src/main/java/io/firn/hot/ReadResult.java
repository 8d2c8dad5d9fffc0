package io.firn.hot;

/** What {@link HotLog#read} found. */
public sealed interface ReadResult {

    /** Whole or partial batches in one segment. The receiver owns one reference to {@code range} and must release it. */
    record Range(FileRange range) implements ReadResult {}

    /** The offset is at the upper bound: there is nothing to read now. */
    record AtEnd() implements ReadResult {}

    /** The offset lies below {@link HotLog#localLogStartOffset()} and not below the log start: the cold tier has it. */
    record BelowLocal() implements ReadResult {}

    /** The offset is below the log start or above the log end. */
    record OutOfRange() implements ReadResult {}

    /** The log is offline (see {@link AppendError#OFFLINE}). */
    record Offline(String reason) implements ReadResult {}
}
