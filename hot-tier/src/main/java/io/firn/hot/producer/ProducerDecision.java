package io.firn.hot.producer;

import io.firn.hot.AppendError;

/** What {@link ProducerStates#check} decided about a batch. */
public sealed interface ProducerDecision {

    /** Append it, then {@link ProducerStates#apply}. */
    record Accept() implements ProducerDecision {
        static final Accept ACCEPT = new Accept();
    }

    /** It is in the log already. {@code timestampMs} is the largest of the batch as it was appended (under LogAppendTime the broker's time). */
    record Duplicate(long baseOffset, long lastOffset, long timestampMs) implements ProducerDecision {}

    /** Do not append it. */
    record Refuse(AppendError error, String message) implements ProducerDecision {}
}
