package io.firn.hot.replication;

import io.firn.hot.LogStart;
import java.util.Optional;

/**
 * Where the cold tier ends once nobody else can move that any more.
 *
 * @param offset first offset that is not in it; 0 when nothing was ever offloaded
 * @param start for a log that begins there; empty when the cold tier holds nothing, be it that all was deleted
 */
public record TierEnd(long offset, Optional<LogStart> start) {

    public static final TierEnd NONE = new TierEnd(0, Optional.empty());

    public TierEnd {
        if (offset < 0 || start.isPresent() && start.get().offset() != offset) {
            throw new IllegalArgumentException("the cold tier ends at " + offset + ", a log that begins there at " + start.map(LogStart::offset));
        }
    }
}
