package io.firn.gateway.codec;

import io.firn.hot.AppendResult.Rejected;
import io.firn.hot.RecordBuffers;
import java.util.Optional;

/** What a batch became: the rewritten one, or why it may not be appended; exactly one of them. */
public record Rewritten(Optional<RecordBuffers> batch, Optional<Rejected> rejected) {

    /** The batch as it is to be appended. */
    public static Rewritten of(RecordBuffers batch) {
        return new Rewritten(Optional.of(batch), Optional.empty());
    }

    static Rewritten of(Rejected rejected) {
        return new Rewritten(Optional.empty(), Optional.of(rejected));
    }
}
