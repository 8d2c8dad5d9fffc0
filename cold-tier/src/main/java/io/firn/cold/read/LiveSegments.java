package io.firn.cold.read;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The segments of one partition as of one manifest; contiguous in their ranges of offsets, oldest first. Immutable.
 */
public record LiveSegments(TopicIdPartition partition, List<LiveSegment> segments) {

    public LiveSegments {
        segments = List.copyOf(segments);
    }

    /** The segment in whose range {@code offset} lies. */
    public Optional<LiveSegment> at(long offset) {
        int low = -1;
        int high = segments.size();
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (segments.get(middle).baseOffset() <= offset) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low >= 0 && offset < segments.get(low).nextOffset() ? Optional.of(segments.get(low)) : Optional.empty();
    }

    public Optional<LiveSegment> after(LiveSegment segment) {
        return at(segment.nextOffset());
    }

    /** Whether this very object is live. */
    boolean holds(LiveSegment segment) {
        return at(segment.baseOffset()).filter(live -> live.key().equals(segment.key())).isPresent();
    }

    public long startOffset() {
        return segments.isEmpty() ? 0 : segments.get(0).baseOffset();
    }

    public long endOffset() {
        return segments.isEmpty() ? 0 : segments.get(segments.size() - 1).nextOffset();
    }
}
