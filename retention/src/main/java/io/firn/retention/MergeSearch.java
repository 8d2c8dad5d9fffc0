package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStretch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Looks for small segments of one partition's cold tier that should become one, some hundred at a time, and remembers what needs no second look: a partition that nothing is offloaded from is looked through once, and costs no request from then on, unless its retention is changed.
 * Pages whose segments are large on the average are passed over unread.
 *
 * <p>Threading: confined to the partition's loop.
 */
final class MergeSearch {

    private static final int AT_ONCE = 1_024;

    private final PartitionLoop loop;
    /** Of the last look; what it has settled is so for these only. */
    private Optional<ColdMergePolicy.Limits> settledFor = Optional.empty();
    private long fromOffset;
    /** The log ended here when the last look found nothing more; -1 before. */
    private long seenEnd = -1;

    MergeSearch(PartitionLoop loop) {
        this.loop = loop;
    }

    /** The next run to be merged; empty if there is none, or none yet. Completes on the loop. */
    CompletableFuture<List<ColdSegment>> next(ColdLog cold, ColdMergePolicy.Limits limits, long nowMs) {
        if (settledFor.filter(limits::equals).isEmpty()) {
            settledFor = Optional.of(limits);
            fromOffset = 0;
            seenEnd = -1;
        }
        if (cold.isEmpty() || cold.endOffset() == seenEnd) {
            return CompletableFuture.completedFuture(List.of());
        }
        long from = passLarge(cold, limits);
        long end = cold.endOffset();
        return loop.bring(collected(cold, from, new ArrayList<>()).thenApply(segments -> new Seen(segments, segments.isEmpty() ? new ColdMergePolicy.Found(List.of(), end)
                : ColdMergePolicy.of(segments, limits, nowMs)))).thenApply(seen -> noted(seen, from, end));
    }

    /** What was looked at, and what came of it. */
    private record Seen(List<ColdSegment> segments, ColdMergePolicy.Found found) {}

    private List<ColdSegment> noted(Seen seen, long from, long end) {
        boolean toTheEnd = seen.segments().size() < AT_ONCE;
        boolean stuck = !toTheEnd && seen.found().run().isEmpty() && seen.found().settledOffset() <= from;
        fromOffset = stuck ? seen.segments().get(0).nextOffset() : Math.max(from, seen.found().settledOffset());
        seenEnd = toTheEnd && seen.found().run().isEmpty() ? end : -1;
        return seen.found().run();
    }

    private CompletableFuture<List<ColdSegment>> collected(ColdLog cold, long from, List<ColdSegment> segments) {
        return cold.segmentsFrom(from, AT_ONCE - segments.size()).thenCompose(next -> {
            segments.addAll(next);
            return next.isEmpty() || segments.size() == AT_ONCE ? CompletableFuture.completedFuture(segments) : collected(cold, next.get(next.size() - 1).nextOffset(), segments);
        });
    }

    private long passLarge(ColdLog cold, ColdMergePolicy.Limits limits) {
        long from = Math.max(fromOffset, cold.startOffset());
        for (ColdStretch stretch : cold.outline()) {
            boolean here = stretch.baseOffset() <= from && from < stretch.nextOffset();
            if (here && stretch.isPage() && stretch.logSizeBytes() / stretch.segmentCount() >= limits.mostBytes() / 2) {
                from = stretch.nextOffset();
            }
        }
        return from;
    }
}
