package io.firn.hot.replication;

import io.firn.hot.LogStart;
import java.util.Optional;

/**
 * Where the cold tier ends once nobody else can move that any more.
 *
 * @param offset first offset that is not in it; 0 when nothing was ever offloaded
 * @param logStartOffset records below it were deleted, in whatever tier they were; where all that was offloaded is deleted, {@code offset} at least
 * @param start for a log that begins there; empty when the cold tier holds nothing, be it that all was deleted
 */
public record TierEnd(long offset, long logStartOffset, Optional<LogStart> start) {

    public static final TierEnd NONE = new TierEnd(0, 0, Optional.empty());

    public TierEnd {
        if (offset < 0 || start.isPresent() && start.get().offset() != offset) {
            throw new IllegalArgumentException("the cold tier ends at " + offset + ", a log that begins there at " + start.map(LogStart::offset));
        }
        if (logStartOffset < 0 || start.isEmpty() && logStartOffset < offset) {
            throw new IllegalArgumentException("the cold tier, which holds nothing, ends at " + offset + ", but the log starts at " + logStartOffset);
        }
    }
}
