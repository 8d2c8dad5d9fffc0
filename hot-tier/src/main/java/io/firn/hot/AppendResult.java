package io.firn.hot;

import java.util.List;

/** What {@link HotLog#append} did. */
public sealed interface AppendResult {

    /**
     * The bytes are in the log (in the page cache, not yet forced).
     *
     * @param baseOffset offset of the first record
     * @param lastOffset offset of the last record, inclusive
     * @param logAppendTimeMs the broker's time stamped on the batch, or -1 under {@code CreateTime}
     */
    record Appended(long baseOffset, long lastOffset, long logAppendTimeMs) implements AppendResult {}

    /** An idempotent producer sent again what is in the log already; nothing was written. The acknowledgement still has to wait for {@code lastOffset} to be committed. */
    record Duplicate(long baseOffset, long lastOffset, long logAppendTimeMs) implements AppendResult {}

    /** Nothing was done, because the log is starting a new segment: append again, in the same order, once {@link HotLog#whenWritable()} is done. */
    record NotWritableYet() implements AppendResult {}

    /**
     * Nothing was written.
     *
     * @param faults the records at fault, as far as they were looked for; empty when the batch as a whole is
     */
    record Rejected(AppendError error, String message, List<RecordFault> faults) implements AppendResult {

        public Rejected {
            faults = List.copyOf(faults);
        }

        public Rejected(AppendError error, String message) {
            this(error, message, List.of());
        }
    }
}
