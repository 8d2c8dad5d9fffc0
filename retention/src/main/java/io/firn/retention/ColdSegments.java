package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;

/**
 * Goes through committed segments one after the other, some hundred of them in memory. It shows each as it was when it was looked up: what others have replaced or dropped since then is found out by whoever uses it.
 *
 * <p>Threading: confined to a thread that may wait for the bucket.
 */
final class ColdSegments {

    private static final int AT_ONCE = 256;

    private final ColdLog cold;
    private final Patience patience;
    private final long beforeOffset;
    private final Queue<ColdSegment> known = new ArrayDeque<>();
    private long nextOffset;
    private boolean ended;

    /**
     * @param fromOffset the first is the one that holds it
     * @param beforeOffset the last is the one that begins below it
     */
    ColdSegments(ColdLog cold, Patience patience, long fromOffset, long beforeOffset) {
        this.cold = cold;
        this.patience = patience;
        this.nextOffset = fromOffset;
        this.beforeOffset = beforeOffset;
    }

    /** The next one, if there is one. */
    Optional<ColdSegment> peek() {
        if (known.isEmpty() && !ended) {
            List<ColdSegment> found = patience.await(cold.segmentsFrom(nextOffset, AT_ONCE)).stream().filter(segment -> segment.baseOffset() < beforeOffset).toList();
            known.addAll(found);
            ended = found.isEmpty();
            nextOffset = ended ? nextOffset : found.get(found.size() - 1).nextOffset();
        }
        return Optional.ofNullable(known.peek());
    }

    ColdSegment next() {
        ColdSegment next = peek().orElseThrow(NoSuchElementException::new);
        known.remove();
        return next;
    }
}
